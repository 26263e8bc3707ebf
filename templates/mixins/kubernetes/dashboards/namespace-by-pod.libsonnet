// Networking / Namespace (Pods): the traffic of one namespace, by pod.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local net = (import 'network.libsonnet')(config);
  local inNamespace = k.inCluster + ', namespace=~"$namespace"';
  local total = net.figures(inNamespace, function(aggregate, traffic) '%s(\n  %s\n)' % [aggregate, net.ofPods(traffic, inNamespace)]);
  local byPod = net.figures(inNamespace, function(aggregate, traffic) '%s by (pod) (\n  %s\n)' % [aggregate, net.ofPods(traffic, inNamespace)]);

  k.dashboard(
    'Networking / Namespace (Pods)',
    '8b7a8b326d7a6f1f04244066368c67af',
    'Traffic of the pods of one namespace. Pods on the host network are left out, because what is counted for them is the traffic of the node.',
    variables=[net.cluster, net.namespace(all=true)],
    panels=
      net.gauges(total, '$namespace', 'the namespace') +
      [
        d.table('Current Network Usage', 'bps', 'Traffic of each pod now.', [d.rowLabel('pod', 'Pod', k.to.networkOfPod)], [
          d.column('Current Receive Bandwidth', byPod.received),
          d.column('Current Transmit Bandwidth', byPod.sent),
          d.column('Rate of Received Packets', byPod.packetsReceived, 'pps'),
          d.column('Rate of Transmitted Packets', byPod.packetsSent, 'pps'),
          d.column('Rate of Received Packets Dropped', byPod.dropsReceived, 'pps'),
          d.column('Rate of Transmitted Packets Dropped', byPod.dropsSent, 'pps'),
        ], sortBy='Current Receive Bandwidth', descending=true),
      ] +
      net.bandwidth(byPod, 'each pod') +
      net.packets(byPod, 'each pod'),
  )
