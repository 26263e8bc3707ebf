// Compute Resources / Node (Pods): what the pods on the chosen nodes use,
// against their requests and limits and what the nodes have.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local r = (import 'resources.libsonnet')(config);
  local where = k.inCluster + ', node=~"$node"';
  // Pods of different namespaces can have the same name.
  local pods = r.parts('namespace, pod', 'pod', where, [
    d.rowLabel('namespace', 'Namespace'),
    d.rowLabel('pod', 'Pod', k.to.podOfNamespace),
  ]) { legend: '{{namespace}}/{{pod}}' };

  // Recorded per container together with its node, which cAdvisor does not tell.
  local recorded(metric) = pods.sum(r.once('node_namespace_pod_container:%s{%s, container!=""}' % [metric, where]));
  local cpu = { used: r.cpuUsed(pods) } + r.active(pods, 'cpu');
  local memory = { used: recorded('container_memory_working_set_bytes') } + r.active(pods, 'memory');
  local ofNodes(what, resource) = 'sum(%s)' % r.kubeState('kube_node_status_' + what, where, 'resource="%s"' % resource);
  local bounds(resource) = [
    r.bound('max capacity', 'red', ofNodes('capacity', resource)),
    r.bound('max allocatable', 'super-light-red', ofNodes('allocatable', resource)),
  ];

  k.dashboard(
    'Compute Resources / Node (Pods)',
    '200ac8fdbfbb74b39aff88118e4d1c2c',
    'CPU and memory of the chosen nodes, by pod.',
    variables=[
      k.clusterOf(config.kubeStateMetricsSelector),
      d.variable.label('node', r.kubeState('kube_node_info', k.inCluster), multi=true),
    ],
    panels=[
      r.graph(pods, 'CPU Usage', 'short', 'CPU cores in use, by pod, on top of each other up to what the nodes have. What is reserved for the system lies between the dashed lines.', cpu.used, w=24, bounds=bounds('cpu')),
      r.table(pods, 'CPU Quota', 'short', 'CPU cores that the containers of each pod use, request and may use at most.', r.quota('CPU', cpu)),
      r.graph(pods, 'Memory Usage (w/cache)', 'bytes', 'Working set, by pod. It includes page cache in recent use, and is what the kubelet goes by when it evicts pods.', memory.used, w=24, bounds=bounds('memory')),
      r.graph(pods, 'Memory Usage (w/o cache)', 'bytes', 'Resident memory, without any page cache, by pod.', recorded('container_memory_rss'), w=24, bounds=bounds('memory')),
      r.table(pods, 'Memory Quota', 'bytes', 'Working set of each pod against its requests and limits, and what its memory consists of.', r.quota('Memory', memory) + r.memoryKinds(recorded)),
    ],
  )
