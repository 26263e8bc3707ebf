// What the Compute Resources dashboards have alike: use against requests and
// limits, network panels and disk panels. All take `parts`, which say what a
// dashboard tells apart (namespaces, workloads, pods or containers); the
// dashboards differ in that and in little else. Frame, variables and links are
// in common.libsonnet.
local d = import 'lib/dashboard.libsonnet';

function(config) {
  // What a dashboard tells apart: the labels `by`, called `noun` in texts, of
  // the series that `where` matches. `rows` begin the rows of its tables. Where
  // the labels are not on the series but belong to the pod, `owners` is a
  // selector of series with cluster, namespace, pod and these labels.
  parts(by, noun, where, rows, owners=null, legend='__auto')::
    local owned = if owners == null then '%s' else '%%s * on (%s, namespace, pod) group_left (workload, workload_type) %s' % [config.clusterLabel, owners];
    {
      noun: noun,
      where: where,
      rows: rows,
      legend: legend,
      sum(series):: 'sum by (%s) (%s)' % [by, owned % series],
      avg(series):: 'avg by (%s) (%s)' % [by, owned % series],
    },

  // A container that is scraped twice (two kubelet endpoints) counts once.
  once(series):: 'max by (%s, namespace, pod, container) (%s)' % [config.clusterLabel, series],
  share(part, whole):: '%s\n/\n%s' % [part, whole],

  // Series of cAdvisor and of kube-state-metrics within `where`. Those of a
  // whole pod have no container, those of a cgroup have no image.
  cadvisor(metric, where):: series(metric, [where, config.cadvisorSelector]),
  containers(metric, where):: series(metric, [where, 'container!=""', config.cadvisorSelector]),
  workingSet(where):: series('container_memory_working_set_bytes', [where, 'container!="", image!=""', config.cadvisorSelector]),
  kubeState(metric, where, matcher=''):: series(metric, [where, matcher, config.kubeStateMetricsSelector]),
  cpuRecord: 'node_namespace_pod_container:container_cpu_usage_seconds_total:sum_rate5m',

  cpuUsed(parts):: parts.sum(self.once('%s{%s}' % [self.cpuRecord, parts.where])),
  memoryUsed(parts):: parts.sum(self.once(self.workingSet(parts.where))),

  // What pods ask for: `active` leaves out pods that have ended, `stated`
  // counts all that exist. The resource is cpu or memory.
  active(parts, resource)::
    local recorded(kind) = parts.sum(self.once('cluster:namespace:pod_%s:active:kube_pod_container_resource_%s{%s}' % [resource, kind, parts.where]));
    { requests: recorded('requests'), limits: recorded('limits') },
  stated(parts, resource)::
    local asked(kind) = parts.sum(self.once(self.kubeState('kube_pod_container_resource_' + kind, parts.where, 'resource="%s"' % resource)));
    { requests: asked('requests'), limits: asked('limits') },

  // Columns of use (fields used, requests, limits) against requests and limits.
  quota(resource, use):: [
    d.column(resource + ' Usage', use.used),
    d.column(resource + ' Requests', use.requests),
    d.column(resource + ' Requests %', self.share(use.used, use.requests), 'percentunit'),
    d.column(resource + ' Limits', use.limits),
    d.column(resource + ' Limits %', self.share(use.used, use.limits), 'percentunit'),
  ],

  // Columns of what memory consists of, by a function from metric to query.
  memoryKinds(query):: [
    d.column('Memory Usage (RSS)', query('container_memory_rss')),
    d.column('Memory Usage (Cache)', query('container_memory_cache')),
    d.column('Memory Usage (Swap)', query('container_memory_swap')),
  ],

  // A graph of the parts of a whole, with lines for what bounds it.
  graph(parts, title, unit, description, expr, w=12, bounds=[], stack=true)::
    d.timeseries(
      title,
      unit,
      description,
      [d.query(expr, parts.legend)] + [d.query(b.expr, b.name) for b in bounds],
      w=w,
      stack=stack,
      min=0,
      overrides=[d.named(b.name, d.look.limit(b.color)) for b in bounds]
    ),
  table(parts, title, unit, description, columns):: d.table(title, unit, description, parts.rows, columns),
  bound(name, color, expr):: { name: name, color: color, expr: expr },

  // The largest hard quotas of the chosen namespace, as bounds. Nothing is
  // drawn where there is none. Requests have two names in quotas.
  namespaceQuota(where, resource)::
    local hard(names) = 'max(%s)' % self.kubeState('kube_resourcequota', where, 'type="hard", resource=~"%s"' % names);
    [
      self.bound('quota - requests', 'red', hard('requests.%s|%s' % [resource, resource])),
      self.bound('quota - limits', 'orange', hard('limits.%s' % resource)),
    ],

  // The network: a table, and the graphs of the networking dashboards.
  networkTable(parts, description='Traffic of the pods of each %s, on all their interfaces.' % parts.noun)::
    local traffic = figures(parts);
    self.table(parts, 'Current Network Usage', 'bps', description, [
      d.column('Current Receive Bandwidth', traffic.received),
      d.column('Current Transmit Bandwidth', traffic.sent),
      d.column('Rate of Received Packets', traffic.packetsReceived, 'pps'),
      d.column('Rate of Transmitted Packets', traffic.packetsSent, 'pps'),
      d.column('Rate of Received Packets Dropped', traffic.dropsReceived, 'pps'),
      d.column('Rate of Transmitted Packets Dropped', traffic.dropsSent, 'pps'),
    ]),
  bandwidthGraphs(parts):: network.bandwidth(figures(parts), 'each ' + parts.noun, stack=true),
  averageGraphs(parts, name)::
    local traffic = figures(parts);
    [
      self.graph(parts, 'Average Container Bandwidth by %s: Received' % name, 'bps', 'Traffic that one pod interface of each %s receives on average.' % parts.noun, traffic.meanReceived, stack=false),
      self.graph(parts, 'Average Container Bandwidth by %s: Transmitted' % name, 'bps', 'Traffic that one pod interface of each %s sends on average.' % parts.noun, traffic.meanSent, stack=false),
    ],
  packetGraphs(parts):: network.packets(figures(parts), 'each ' + parts.noun, stack=true),

  // Disks: real ones only, on both sides of a sum.
  disk(parts, metric):: parts.sum(diskRate(parts, metric)),
  bothDisk(parts, reads, writes):: parts.sum('%s + %s' % [diskRate(parts, reads), diskRate(parts, writes)]),
  diskGraphs(parts, iops='IOPS(Reads+Writes)', throughput='ThroughPut(Read+Write)'):: [
    self.graph(parts, iops, 'iops', 'Reads and writes that containers cause on disks, by %s, rounded up.' % parts.noun, 'ceil(%s)' % self.bothDisk(parts, 'reads', 'writes')),
    self.graph(parts, throughput, 'Bps', 'Bytes that containers read from and write to disks, by %s.' % parts.noun, self.bothDisk(parts, 'reads_bytes', 'writes_bytes')),
  ],
  diskTable(parts)::
    self.table(parts, 'Current Storage IO', 'iops', 'Operations and bytes that containers cause on disks, by %s.' % parts.noun, [
      d.column('IOPS(Reads)', self.disk(parts, 'reads')),
      d.column('IOPS(Writes)', self.disk(parts, 'writes')),
      d.column('IOPS(Reads + Writes)', self.bothDisk(parts, 'reads', 'writes')),
      d.column('Throughput(Read)', self.disk(parts, 'reads_bytes'), 'Bps'),
      d.column('Throughput(Write)', self.disk(parts, 'writes_bytes'), 'Bps'),
      d.column('Throughput(Read + Write)', self.bothDisk(parts, 'reads_bytes', 'writes_bytes'), 'Bps'),
    ]),

  // Selectors of the configuration may be empty, and so may `where`.
  local series(metric, matchers) = '%s{%s}' % [metric, std.join(', ', [m for m in matchers if m != ''])],
  local rate(selector) = 'rate(%s[$__rate_interval])' % selector,
  local network = (import 'network.libsonnet')(config, config.cadvisorSelector),
  local figures(parts) = network.figures(parts.where, function(aggregate, traffic) parts[aggregate](traffic)),
  local diskRate(parts, what) = rate(series('container_fs_%s_total' % what, [parts.where, 'container!=""', config.diskDeviceSelector, config.cadvisorSelector])),
}
