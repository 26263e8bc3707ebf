// Networking / Cluster: the traffic of all pods by namespace, and how many TCP
// segments the nodes must send again.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local net = (import 'network.libsonnet')(config);
  local figures = net.figures(
    k.inCluster + ', namespace!=""',
    function(aggregate, traffic) '%s by (namespace) (\n  %s\n)' % [aggregate, net.ofPods(traffic)],
  );
  local graph(title, unit, description, expr) = d.timeseries(title, unit, description, [d.query(expr)], min=0);
  local netstat(metric) = 'rate(node_netstat_%s{%s}[$__rate_interval])' % [metric, k.inCluster];
  local share(part, whole) = 'sum by (instance) (\n  %s\n  /\n  %s\n)' % [netstat(part), netstat(whole)];

  k.dashboard(
    'Networking / Cluster',
    'ff635a025bcfea7bc3dd4f508990a3e9',
    'Traffic of the pods of one cluster, by namespace. Pods on the host network are left out, because what is counted for them is the traffic of the node.',
    variables=[net.cluster],
    panels=[
      graph('Current Rate of Bits Received', 'bps', 'Which namespaces receive most: traffic that the pods of each namespace receive.', figures.received),
      graph('Current Rate of Bits Transmitted', 'bps', 'Which namespaces send most: traffic that the pods of each namespace send.', figures.sent),
      d.table('Current Status', 'bps', 'Traffic of each namespace now. Averages are over the network interfaces of its pods.', [
        d.rowLabel('namespace', 'Namespace', k.to.networkOfNamespace),
      ], net.columns(figures), sortBy='Rx Bits', descending=true),
      graph('Average Rate of Bits Received', 'bps', 'Traffic that one network interface of a pod receives on average, by namespace.', figures.meanReceived),
      graph('Average Rate of Bits Transmitted', 'bps', 'Traffic that one network interface of a pod sends on average, by namespace.', figures.meanSent),
    ] + net.bandwidth(figures, 'each namespace') + net.packets(figures, 'each namespace') + [
      graph('Rate of TCP Retransmits out of all sent segments', 'percentunit', 'Share of TCP segments that a node has to send again. More than a few percent means that packets get lost on the way.', share('Tcp_RetransSegs', 'Tcp_OutSegs')),
      graph('Rate of TCP SYN Retransmits out of all retransmits', 'percentunit', 'Share of first packets of a connection among all segments that a node sends again. A high share points at targets that do not answer.', share('TcpExt_TCPSynRetrans', 'Tcp_RetransSegs')),
    ],
  )
