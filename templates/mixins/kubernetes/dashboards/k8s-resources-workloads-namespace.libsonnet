// Compute Resources / Namespace (Workloads): what the workloads of one
// namespace use, against their requests and limits and the namespace's quota.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local r = (import 'resources.libsonnet')(config);
  local where = k.inNamespace;
  local owners = 'namespace_workload_pod:kube_pod_owner:relabel{%s, workload_type=~"$type"}' % where;
  local rows = [
    d.rowLabel('workload', 'Workload', k.to.workload),
    d.rowLabel('workload_type', 'Type'),
  ];
  // Links of this dashboard hand on the chosen type where a row has none.
  local byName = r.parts('workload', 'workload', where, [d.rowLabel('workload', 'Workload', k.to.workloadOfType)], owners);
  // Workloads of different types can have the same name.
  local workloads = r.parts('workload, workload_type', 'workload', where, rows, owners) { legend: '{{workload}} ({{workload_type}})' };

  local running = d.column('Running Pods', 'count by (workload, workload_type) (%s)' % owners, 'none');
  local cpu = { used: r.cpuUsed(workloads) } + r.stated(workloads, 'cpu');
  local memory = { used: r.memoryUsed(workloads) } + r.stated(workloads, 'memory');

  k.dashboard(
    'Compute Resources / Namespace (Workloads)',
    'a87fb0d919ec0ea5f6543124e16c42a5',
    'CPU, memory and network of one namespace, by workload.',
    variables=[
      k.clusterOf(config.kubeStateMetricsSelector),
      k.namespace,
      k.workloadType,
    ],
    panels=[
      r.graph(workloads, 'CPU Usage', 'short', 'CPU cores in use, by workload, and the quotas of the namespace where it has any.', cpu.used, w=24, bounds=r.namespaceQuota(where, 'cpu')),
      r.table(workloads, 'CPU Quota', 'short', 'CPU cores that the pods of each workload use, request and may use at most.', [running] + r.quota('CPU', cpu)),
      r.graph(workloads, 'Memory Usage', 'bytes', 'Working set, without page cache that can be given up, by workload, and the quotas of the namespace where it has any.', memory.used, w=24, bounds=r.namespaceQuota(where, 'memory')),
      r.table(workloads, 'Memory Quota', 'bytes', 'Working set of the pods of each workload against their requests and limits.', [running] + r.quota('Memory', memory)),
      r.networkTable(byName),
    ] + r.bandwidthGraphs(byName) + r.averageGraphs(byName, 'Workload') + r.packetGraphs(byName),
  )
