// Compute Resources / Multi-Cluster: the clusters that one Prometheus (or what
// queries many) sees, side by side. Tells apart by the label that external
// labels give; a single cluster without one is one line without a name.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local r = (import 'resources.libsonnet')(config);
  local cluster = config.clusterLabel;
  local clusters = r.parts(cluster, 'cluster', '', [d.rowLabel(cluster, 'Cluster', k.to.cluster, optional=true)]);

  local asked(kind, resource) = r.kubeState('kube_pod_container_resource_' + kind, '', 'resource="%s"' % resource);
  local demand(resource) = { requests: clusters.sum(asked('requests', resource)), limits: clusters.sum(asked('limits', resource)) };
  local cpu = { used: clusters.sum(r.once(r.cpuRecord)) } + demand('cpu');
  local memory = { used: clusters.sum(r.once(r.containers('container_memory_rss', ''))) } + demand('memory');

  local stat(title, description, expr) = d.stat(title, 'percentunit', description, [d.instant(expr)]);
  local commitment(resource, kind) =
    r.share('sum(%s)' % asked(kind, resource), 'sum(%s)' % r.kubeState('kube_node_status_allocatable', '', 'resource="%s"' % resource));

  k.dashboard(
    'Compute Resources /  Multi-Cluster',
    'b59e6c9f2fcbe2e16d77fc492374cc4f',
    'CPU and memory of all clusters, one line each.',
    variables=[],
    panels=[
      stat('CPU Utilisation', 'Share of CPU time that is not idle: the mean of the clusters, each with the same weight.', 'avg(cluster:node_cpu:ratio_rate5m)'),
      stat('CPU Requests Commitment', 'CPU that pods have requested, of what the nodes of all clusters can give.', commitment('cpu', 'requests')),
      stat('CPU Limits Commitment', 'CPU that pods may use at most, of what the nodes of all clusters can give. Containers without a limit are not counted.', commitment('cpu', 'limits')),
      stat('Memory Utilisation', 'Share of the memory of all nodes of all clusters that is not available for new work.', '1 - sum(:node_memory_MemAvailable_bytes:sum) / sum(node_memory_MemTotal_bytes{%s})' % config.nodeExporterSelector),
      stat('Memory Requests Commitment', 'Memory that pods have requested, of what the nodes of all clusters can give.', commitment('memory', 'requests')),
      stat('Memory Limits Commitment', 'Memory that pods may use at most, of what the nodes of all clusters can give.', commitment('memory', 'limits')),

      r.graph(clusters, 'CPU Usage', 'short', 'CPU cores in use, by cluster.', cpu.used, w=24),
      r.table(clusters, 'CPU Quota', 'short', 'CPU cores that the containers of each cluster use, request and may use at most.', r.quota('CPU', cpu)),
      r.graph(clusters, 'Memory Usage (w/o cache)', 'bytes', 'Resident memory, without page cache, by cluster.', memory.used, w=24),
      r.table(clusters, 'Memory Requests by Cluster', 'bytes', 'Resident memory of each cluster against its requests and limits.', r.quota('Memory', memory)),
    ],
  )
