// Networking / Pod: the traffic of one pod.
function(config)
  local k = (import 'common.libsonnet')(config);
  local net = (import 'network.libsonnet')(config);
  local inPod = k.inCluster + ', namespace=~"$namespace", pod="$pod"';
  local total = net.figures(inPod, function(aggregate, traffic) '%s(%s)' % [aggregate, traffic]);
  local byPod = net.figures(inPod, function(aggregate, traffic) '%s by (pod) (%s)' % [aggregate, traffic]);

  k.dashboard(
    'Networking / Pod',
    '7a18067ce943a40ae25454675c19ff5c',
    'Traffic of one pod, over all its network interfaces. For a pod on the host network this is the traffic of the node.',
    variables=[net.cluster, net.namespace(all=true), net.pod],
    panels=
      net.gauges(total, '$pod', 'the pod') +
      net.bandwidth(byPod, 'the pod') +
      net.packets(byPod, 'the pod'),
  )
