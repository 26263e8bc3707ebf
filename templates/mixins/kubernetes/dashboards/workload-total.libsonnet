// Networking / Workload: the traffic of one workload, by pod.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local net = (import 'network.libsonnet')(config, config.cadvisorSelector);
  local inNamespace = k.inCluster + ', namespace=~"$namespace"';
  local workload = inNamespace + ', workload="$workload"';
  local chosen = workload + ', workload_type=~"$type"';
  local figures = net.figures(
    inNamespace,
    function(aggregate, traffic) '%s by (pod) (\n  %s\n)' % [aggregate, net.withWorkload(traffic, chosen)],
  );
  local toPod = [d.drilldown('Network of this pod', '7a18067ce943a40ae25454675c19ff5c', keep=['cluster', 'namespace'], labels={ pod: 'pod' }, prefix=config.grafanaK8s.linkPrefix)];
  local owners = 'namespace_workload_pod:kube_pod_owner:relabel{%s}';

  k.dashboard(
    'Networking / Workload',
    '728bf77cc1166d2f3133bf25846876cc',
    'Traffic of the pods of one workload. For pods on the host network, this is the traffic of their nodes.',
    variables=[
      d.variable.cluster(config, 'kube_pod_info{%s}' % config.kubeStateMetricsSelector),
      net.namespace(all=true),
      d.variable.label('workload', owners % (inNamespace + ', workload!=""')),
      d.variable.label('type', owners % workload, 'workload_type', 'workload_type', all=true, allValue='.+'),
    ],
    panels=[
      net.bars('Current Rate of Bits Received', 'Traffic that each pod receives now, largest first.', figures.received, toPod),
      net.bars('Current Rate of Bits Transmitted', 'Traffic that each pod sends now, largest first.', figures.sent, toPod),
      net.bars('Average Rate of Bits Received', 'Traffic that one network interface of each pod receives now on average, largest first.', figures.meanReceived, toPod),
      net.bars('Average Rate of Bits Transmitted', 'Traffic that one network interface of each pod sends now on average, largest first.', figures.meanSent, toPod),
    ] + net.bandwidth(figures, 'each pod') + net.packets(figures, 'each pod'),
  )
