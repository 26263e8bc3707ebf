// Compute Resources / Cluster(Windows): what the namespaces of one cluster use,
// request and may use on its Windows nodes.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local row = d.rowLabel('namespace', 'Namespace', k.to.namespace);
  local cpu = k.cpu('namespace', k.inCluster);
  local memory = k.memory('namespace', k.inCluster);

  local stat(title, description, expr) = d.stat(title, 'percentunit', description, [d.instant(expr)]);
  local total(record) = 'sum(%s{%s})' % [record, k.inCluster];
  local commitment(resource, kind, capacity) = k.share(total('kube_pod_windows_container_resource_%s_%s' % [resource, kind]), total(capacity));
  local cores = 'node:windows_node_num_cpu:sum';
  local installed = ':windows_node_memory_MemTotal_bytes:sum';

  k.dashboard(
    'Compute Resources / Cluster(Windows)',
    '4d08557fd9391b100730f2494bccac68',
    'CPU and memory of the Windows containers of one cluster, by namespace.',
    variables=[],
    panels=[
      stat('CPU Utilisation', 'Share of the CPU time of all Windows nodes that is not idle.', '1 - avg(rate(windows_cpu_time_total{%s, mode="idle", %s}[$__rate_interval]))' % [k.inCluster, config.windowsExporterSelector]),
      stat('CPU Requests Commitment', 'CPU that Windows containers have requested, of the cores of the Windows nodes.', commitment('cpu_cores', 'request', cores)),
      stat('CPU Limits Commitment', 'CPU that Windows containers may use at most, of the cores of the Windows nodes. Containers without a limit are not counted.', commitment('cpu_cores', 'limit', cores)),
      stat('Memory Utilisation', 'Share of the memory of all Windows nodes that is neither available nor cache.', '1 - ' + k.share(total(':windows_node_memory_MemFreeCached_bytes:sum'), total(installed))),
      stat('Memory Requests Commitment', 'Memory that Windows containers have requested, of the memory of the Windows nodes.', commitment('memory', 'request', installed)),
      stat('Memory Limits Commitment', 'Memory that Windows containers may use at most, of the memory of the Windows nodes.', commitment('memory', 'limit', installed)),

      k.useGraph('CPU Usage', 'short', 'CPU cores that Windows containers use, by namespace.', cpu),
      k.quotaTable('CPU Quota', 'short', 'CPU cores that the Windows containers of each namespace use, request and may use at most.', 'CPU', cpu, row),
      k.useGraph('Memory Usage (Private Working Set)', 'bytes', 'Memory of Windows containers that nobody shares with them, by namespace.', memory),
      k.quotaTable('Memory Requests by Namespace', 'bytes', 'Private working set of the Windows containers of each namespace against their requests and limits.', 'Memory', memory, row),
    ],
  )
