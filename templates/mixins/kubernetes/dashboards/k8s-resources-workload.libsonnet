// Compute Resources / Workload: what the pods of one workload use, against
// their requests and limits.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local r = (import 'resources.libsonnet')(config);
  local owners = 'namespace_workload_pod:kube_pod_owner:relabel{%s, workload=~"$workload", workload_type=~"$type"}' % k.inNamespace;
  local pods = r.parts('pod', 'pod', k.inNamespace, [d.rowLabel('pod', 'Pod', k.to.pod)], owners);

  local cpu = { used: r.cpuUsed(pods) } + r.stated(pods, 'cpu');
  local memory = { used: r.memoryUsed(pods) } + r.stated(pods, 'memory');

  k.dashboard(
    'Compute Resources / Workload',
    'a164a7f0339f99e89cea5cb47e9be617',
    'CPU, memory and network of one workload, by pod.',
    variables=[
      k.clusterOf(config.kubeStateMetricsSelector),
      k.namespace,
      k.workloadType,
      k.workload,
    ],
    panels=[
      r.graph(pods, 'CPU Usage', 'short', 'CPU cores in use, by pod of the workload.', cpu.used, w=24),
      r.table(pods, 'CPU Quota', 'short', 'CPU cores that the containers of each pod use, request and may use at most.', r.quota('CPU', cpu)),
      r.graph(pods, 'Memory Usage', 'bytes', 'Working set, without page cache that can be given up, by pod of the workload.', memory.used, w=24),
      r.table(pods, 'Memory Quota', 'bytes', 'Working set of each pod against its requests and limits.', r.quota('Memory', memory)),
      r.networkTable(pods, 'Traffic of each pod, on all its interfaces.'),
    ] + r.bandwidthGraphs(pods) + r.averageGraphs(pods, 'Pod') + r.packetGraphs(pods),
  )
