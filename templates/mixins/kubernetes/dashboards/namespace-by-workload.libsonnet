// Networking / Namespace (Workload): the traffic of one namespace, by workload.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local net = (import 'network.libsonnet')(config);
  local inNamespace = k.inCluster + ', namespace="$namespace"';
  local workloads = inNamespace + ', workload!=""';
  local chosen = workloads + ', workload_type=~"$type"';
  local figures = net.figures(
    inNamespace,
    function(aggregate, traffic) '%s by (workload) (\n  %s\n)' % [aggregate, net.ofPods(net.withWorkload(traffic, chosen), inNamespace)],
  );
  // Averages of the table are over pods, those of the graphs over interfaces.
  local pods = net.figures(
    inNamespace,
    function(aggregate, traffic) '%s by (workload, workload_type) (\n  %s\n)' % [aggregate, net.withWorkload(net.perPod(net.ofPods(traffic, inNamespace)), chosen)],
  );
  local graph(title, description, expr) = d.timeseries(title, 'bps', description, [d.query(expr)], min=0);
  local toWorkload = [d.drilldown('Network of this workload', '728bf77cc1166d2f3133bf25846876cc', keep=['cluster', 'namespace', 'type'], labels={ workload: 'workload' }, prefix=config.grafanaK8s.linkPrefix)];

  k.dashboard(
    'Networking / Namespace (Workload)',
    'bbb2a765a623ae38130206c7d94a160f',
    'Traffic of the workloads of one namespace. Pods on the host network are left out, because what is counted for them is the traffic of the node.',
    variables=[
      net.cluster,
      net.namespace(),
      d.variable.label('type', 'namespace_workload_pod:kube_pod_owner:relabel{%s}' % workloads, 'workload_type', 'workload_type', all=true),
    ],
    panels=[
      net.bars('Current Rate of Bits Received', 'Traffic that the pods of each workload receive now, largest first.', figures.received, toWorkload),
      net.bars('Current Rate of Bits Transmitted', 'Traffic that the pods of each workload send now, largest first.', figures.sent, toWorkload),
      d.table('Current Status', 'bps', 'Traffic of each workload now. Averages are over its pods.', [
        d.rowLabel('workload', 'Workload', k.to.networkOfWorkload),
        d.rowLabel('workload_type', 'Type'),
      ], net.columns(pods), sortBy='Rx Bits', descending=true),
    ] + net.bandwidth(figures, 'each workload') + [
      graph('Average Container Bandwidth by Workload: Received', 'Traffic that one network interface of a pod receives on average, by workload.', figures.meanReceived),
      graph('Average Container Bandwidth by Workload: Transmitted', 'Traffic that one network interface of a pod sends on average, by workload.', figures.meanSent),
    ] + net.packets(figures, 'each workload'),
  )
