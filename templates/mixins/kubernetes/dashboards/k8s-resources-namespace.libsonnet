// Compute Resources / Namespace (Pods): what the pods of one namespace use,
// against their requests and limits and the namespace's quota.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local r = (import 'resources.libsonnet')(config);
  local where = k.inNamespace;
  local pods = r.parts('pod', 'pod', where, [d.rowLabel('pod', 'Pod', k.to.pod)]);

  local cpu = { used: r.cpuUsed(pods) } + r.active(pods, 'cpu');
  local memory = { used: r.memoryUsed(pods) } + r.active(pods, 'memory');
  local asked(kind, resource) = 'sum(%s)' % r.kubeState('kube_pod_container_resource_' + kind, where, 'resource="%s"' % resource);
  local used = {
    cpu: 'sum(%s)' % r.once('%s{%s}' % [r.cpuRecord, where]),
    memory: 'sum(%s)' % r.once(r.workingSet(where)),
  };
  local utilisation(title, resource, kind, description) =
    d.stat(title, 'percentunit', description, [d.instant(r.share(used[resource], asked(kind, resource)))], w=6);

  k.dashboard(
    'Compute Resources / Namespace (Pods)',
    '85a562078cdf77779eaa1add43ccec1e',
    'CPU, memory, network and disks of one namespace, by pod.',
    variables=[k.clusterOf(config.kubeStateMetricsSelector), k.namespace],
    panels=[
      utilisation('CPU Utilisation (from requests)', 'cpu', 'requests', 'CPU that the namespace uses, of what its containers request. Above 100 % it lives on what others leave.'),
      utilisation('CPU Utilisation (from limits)', 'cpu', 'limits', 'CPU that the namespace uses, of what its containers may use at most. Containers without a limit add to the use alone.'),
      utilisation('Memory Utilisation (from requests)', 'memory', 'requests', 'Memory that the namespace uses, of what its containers request. Above 100 % its pods are among the first that a node short of memory evicts.'),
      utilisation('Memory Utilisation (from limits)', 'memory', 'limits', 'Memory that the namespace uses, of what its containers may use at most. Containers without a limit add to the use alone.'),

      r.graph(pods, 'CPU Usage', 'short', 'CPU cores in use, by pod, and the quotas of the namespace where it has any.', cpu.used, w=24, bounds=r.namespaceQuota(where, 'cpu')),
      r.table(pods, 'CPU Quota', 'short', 'CPU cores that the containers of each pod use, request and may use at most.', r.quota('CPU', cpu)),
      r.graph(pods, 'Memory Usage (w/o cache)', 'bytes', 'Working set, without page cache that can be given up, by pod, and the quotas of the namespace where it has any.', memory.used, w=24, bounds=r.namespaceQuota(where, 'memory')),
      r.table(pods, 'Memory Quota', 'bytes', 'Working set of each pod against its requests and limits, and what its memory consists of.', r.quota('Memory', memory) + r.memoryKinds(function(metric) pods.sum(r.once(r.containers(metric, where))))),

      r.networkTable(pods, 'Traffic of each pod, on all its interfaces.'),
    ] + r.bandwidthGraphs(pods) + r.packetGraphs(pods) + r.diskGraphs(pods) + [r.diskTable(pods)],
  )
