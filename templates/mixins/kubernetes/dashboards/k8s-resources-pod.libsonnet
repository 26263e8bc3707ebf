// Compute Resources / Pod: what the containers of one pod use, against their
// requests and limits. The last step of the way in from the cluster.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local r = (import 'resources.libsonnet')(config);
  local where = k.inNamespace + ', pod="$pod"';
  // The pod's own series have no container; those are of its cgroup and network.
  local containers = r.parts('container', 'container', where + ', container!=""', [d.rowLabel('container', 'Container')]);
  // Docker lists the pod's sandbox as a container, which is nobody's.
  local kinds = r.memoryKinds(function(metric) containers.sum(r.once(r.containers(metric, where + ', container!="POD"'))));
  local pod = r.parts('pod', 'pod', where, []);

  local cpu = { used: r.cpuUsed(containers) } + r.active(containers, 'cpu');
  local memory = { used: r.memoryUsed(containers) } + r.active(containers, 'memory');
  local asked(kind, resource) = 'sum(%s)' % r.kubeState('kube_pod_container_resource_' + kind, where, 'resource="%s"' % resource);
  local bounds(resource) = [
    r.bound('requests', 'red', asked('requests', resource)),
    r.bound('limits', 'orange', asked('limits', resource)),
  ];
  local periods(kind) = containers.sum('increase(%s[$__rate_interval])' % r.cadvisor('container_cpu_cfs_%s_total' % kind, containers.where));
  local bothWays(title, unit, description, reads, writes) =
    d.timeseries(title, unit, description, [d.query(reads, 'Reads'), d.query(writes, 'Writes')], min=0);

  k.dashboard(
    'Compute Resources / Pod',
    '6581e46e4e5c7ba40a07646395ef7b23',
    'CPU, throttling, memory, network and disks of one pod, by container.',
    variables=[
      k.clusterOf(config.kubeStateMetricsSelector),
      k.namespace,
      d.variable.label('pod', r.kubeState('kube_pod_info', k.inNamespace)),
    ],
    panels=[
      r.graph(containers, 'CPU Usage', 'short', 'CPU cores in use, by container, and what the pod requests and may use at most in total.', cpu.used, w=24, bounds=bounds('cpu')),
      d.timeseries('CPU Throttling', 'percentunit', 'Share of scheduler periods in which a container ran into its CPU limit. Above the dashed line answers become slow, and an alert warns.', [
        d.query(r.share(periods('throttled_periods'), periods('periods'))),
      ], w=24, min=0, thresholds=d.thresholds('green', [[config.cpuThrottlingPercent / 100, 'red']]), overrides=[
        d.fromQuery('A', { 'custom.thresholdsStyle': { mode: 'dashed' } }),
      ]),
      r.table(containers, 'CPU Quota', 'short', 'CPU cores that each container uses, requests and may use at most.', r.quota('CPU', cpu)),
      r.graph(containers, 'Memory Usage (WSS)', 'bytes', 'Working set, by container, and what the pod requests and may use at most in total. A container is killed when its working set reaches its own limit.', memory.used, w=24, bounds=bounds('memory')),
      r.table(containers, 'Memory Quota', 'bytes', 'Working set of each container against its requests and limits, and what its memory consists of.', r.quota('Memory', memory) + kinds),
    ] + r.bandwidthGraphs(pod) + r.packetGraphs(pod) + [
      bothWays('IOPS (Pod)', 'iops', 'Reads and writes that the pod causes on disks, rounded up.', 'ceil(%s)' % r.disk(pod, 'reads'), 'ceil(%s)' % r.disk(pod, 'writes')),
      bothWays('ThroughPut (Pod)', 'Bps', 'Bytes that the pod reads from and writes to disks.', r.disk(pod, 'reads_bytes'), r.disk(pod, 'writes_bytes')),
    ] + r.diskGraphs(containers, 'IOPS (Containers)', 'ThroughPut (Containers)') + [r.diskTable(containers)],
  )
