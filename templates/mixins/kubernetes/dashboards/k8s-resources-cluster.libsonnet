// Compute Resources / Cluster: what the namespaces of one cluster use, request
// and may use. The way in for everybody; single pods are further down.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local r = (import 'resources.libsonnet')(config);
  local namespaces = r.parts('namespace', 'namespace', k.inCluster + ', namespace!=""', [d.rowLabel('namespace', 'Namespace', k.to.namespace)]);

  local recorded(record) = '%s{%s}' % [record, k.inCluster];
  local demand(resource) = {
    requests: namespaces.sum(recorded('namespace_%s:kube_pod_container_resource_requests:sum' % resource)),
    limits: namespaces.sum(recorded('namespace_%s:kube_pod_container_resource_limits:sum' % resource)),
  };
  local cpu = { used: r.cpuUsed(namespaces) } + demand('cpu');
  local memory = { used: namespaces.sum(r.once(r.containers('container_memory_rss', k.inCluster))) } + demand('memory');
  local counts = [
    d.column('Pods', namespaces.sum(r.kubeState('kube_pod_owner', k.inCluster)), 'none'),
    d.column('Workloads', 'count by (namespace) (avg by (namespace, workload) (%s))' % recorded('namespace_workload_pod:kube_pod_owner:relabel'), 'none'),
  ];

  local stat(title, description, expr) = d.stat(title, 'percentunit', description, [d.instant(expr)]);
  local commitment(resource, kind) = r.share(
    'sum(%s)' % recorded('namespace_%s:kube_pod_container_resource_%s:sum' % [resource, kind]),
    'sum(%s)' % r.kubeState('kube_node_status_allocatable', k.inCluster, 'resource="%s"' % resource)
  );

  k.dashboard(
    'Compute Resources / Cluster',
    'efa86fd1d0c121a26444b636a3f509a8',
    'CPU, memory, network and disks of one cluster, by namespace.',
    variables=[k.clusterOf(config.kubeStateMetricsSelector)],
    panels=[
      stat('CPU Utilisation', 'Share of all CPU time of the nodes that is not idle.', recorded('cluster:node_cpu:ratio_rate5m')),
      stat('CPU Requests Commitment', 'CPU that active pods have requested, of what the nodes can give. Above 100 % a lost node leaves pods unscheduled.', commitment('cpu', 'requests')),
      stat('CPU Limits Commitment', 'CPU that active pods may use at most, of what the nodes can give. Containers without a limit are not counted.', commitment('cpu', 'limits')),
      stat('Memory Utilisation', 'Share of the memory of all nodes that is not available for new work.', '1 - sum(%s) / sum(node_memory_MemTotal_bytes{%s, %s})' % [recorded(':node_memory_MemAvailable_bytes:sum'), k.inCluster, config.nodeExporterSelector]),
      stat('Memory Requests Commitment', 'Memory that active pods have requested, of what the nodes can give.', commitment('memory', 'requests')),
      stat('Memory Limits Commitment', 'Memory that active pods may use at most, of what the nodes can give. Above 100 %, containers can be killed below their limits.', commitment('memory', 'limits')),

      r.graph(namespaces, 'CPU Usage', 'short', 'CPU cores in use, by namespace.', cpu.used, w=24),
      r.table(namespaces, 'CPU Quota', 'short', 'CPU cores that the containers of each namespace use, request and may use at most.', counts + r.quota('CPU', cpu)),
      r.graph(namespaces, 'Memory', 'bytes', 'Resident memory, without page cache, by namespace.', memory.used, w=24),
      r.table(namespaces, 'Memory Requests by Namespace', 'bytes', 'Resident memory of each namespace against its requests and limits.', counts + r.quota('Memory', memory)),
      r.networkTable(namespaces),
    ] + r.bandwidthGraphs(namespaces) + r.averageGraphs(namespaces, 'Namespace') + r.packetGraphs(namespaces) + r.diskGraphs(namespaces) + [r.diskTable(namespaces)],
  )
