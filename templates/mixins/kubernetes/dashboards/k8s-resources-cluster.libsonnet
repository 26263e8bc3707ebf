// Compute Resources / Cluster: what the namespaces of one cluster use, request
// and may use. The way in for everybody; single pods are further down.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local cadvisor = '%s, %s' % [k.inCluster, config.cadvisorSelector];
  local containers = '%s, container!=""' % cadvisor;
  local disks = '%s, namespace!="", %s' % [containers, config.diskDeviceSelector];
  local allocatable(resource) = 'sum(kube_node_status_allocatable{resource="%s", %s, %s})' % [resource, k.inCluster, config.kubeStateMetricsSelector];

  local total(record) = 'sum(%s{%s})' % [record, k.inCluster];
  local byNamespace(series) = 'sum by (namespace) (%s)' % series;
  local recorded(record) = byNamespace('%s{%s}' % [record, k.inCluster]);
  // A container that is scraped twice (two kubelet endpoints) counts once.
  local once(series) = 'max by (%s, namespace, pod, container) (%s)' % [config.clusterLabel, series];
  local share(part, whole) = '%s\n/\n%s' % [part, whole];
  local networkRate(aggregate, metric) = '%s by (namespace) (rate(%s{%s, namespace!=""}[$__rate_interval]))' % [aggregate, metric, cadvisor];
  // Bandwidth is shown in bits, as links are rated.
  local bitRate(aggregate, metric) = '8 * ' + networkRate(aggregate, metric);
  local diskRate(metric) = 'rate(%s{%s}[$__rate_interval])' % [metric, disks];
  local bothDisk(reads, writes) = byNamespace('%s + %s' % [diskRate(reads), diskRate(writes)]);

  local pods = byNamespace('kube_pod_owner{%s, %s}' % [k.inCluster, config.kubeStateMetricsSelector]);
  local workloads = 'count by (namespace) (avg by (namespace, workload) (namespace_workload_pod:kube_pod_owner:relabel{%s}))' % k.inCluster;

  local cpu = {
    used: byNamespace(once('node_namespace_pod_container:container_cpu_usage_seconds_total:sum_rate5m{%s}' % k.inCluster)),
    requests: recorded('namespace_cpu:kube_pod_container_resource_requests:sum'),
    limits: recorded('namespace_cpu:kube_pod_container_resource_limits:sum'),
  };
  local memory = {
    used: byNamespace(once('container_memory_rss{%s}' % containers)),
    requests: recorded('namespace_memory:kube_pod_container_resource_requests:sum'),
    limits: recorded('namespace_memory:kube_pod_container_resource_limits:sum'),
  };

  local perNamespace(title, unit, description, columns) =
    d.table(title, unit, description, [d.rowLabel('namespace', 'Namespace', k.to.namespace)], columns);
  local graph(title, unit, description, expr, w=12, stack=true) =
    d.timeseries(title, unit, description, [d.query(expr)], w=w, stack=stack);

  local quota(resource, use) = [
    d.column('Pods', pods, 'none'),
    d.column('Workloads', workloads, 'none'),
    d.column(resource + ' Usage', use.used),
    d.column(resource + ' Requests', use.requests),
    d.column(resource + ' Requests %', share(use.used, use.requests), 'percentunit'),
    d.column(resource + ' Limits', use.limits),
    d.column(resource + ' Limits %', share(use.used, use.limits), 'percentunit'),
  ];

  k.dashboard(
    'Compute Resources / Cluster',
    'efa86fd1d0c121a26444b636a3f509a8',
    'CPU, memory, network and disks of one cluster, by namespace.',
    variables=[k.clusterOf(config.kubeStateMetricsSelector)],
    panels=[
      d.stat('CPU Utilisation', 'percentunit', 'Share of all CPU time of the nodes that is not idle.', [
        d.instant('cluster:node_cpu:ratio_rate5m{%s}' % k.inCluster),
      ]),
      d.stat('CPU Requests Commitment', 'percentunit', 'CPU that active pods have requested, of what the nodes can give. Above 100 % a lost node leaves pods unscheduled.', [
        d.instant(share(total('namespace_cpu:kube_pod_container_resource_requests:sum'), allocatable('cpu'))),
      ]),
      d.stat('CPU Limits Commitment', 'percentunit', 'CPU that active pods may use at most, of what the nodes can give. Containers without a limit are not counted.', [
        d.instant(share(total('namespace_cpu:kube_pod_container_resource_limits:sum'), allocatable('cpu'))),
      ]),
      d.stat('Memory Utilisation', 'percentunit', 'Share of the memory of all nodes that is not available for new work.', [
        d.instant('1 - sum(:node_memory_MemAvailable_bytes:sum{%s}) / sum(node_memory_MemTotal_bytes{%s, %s})' % [k.inCluster, k.inCluster, config.nodeExporterSelector]),
      ]),
      d.stat('Memory Requests Commitment', 'percentunit', 'Memory that active pods have requested, of what the nodes can give.', [
        d.instant(share(total('namespace_memory:kube_pod_container_resource_requests:sum'), allocatable('memory'))),
      ]),
      d.stat('Memory Limits Commitment', 'percentunit', 'Memory that active pods may use at most, of what the nodes can give. Above 100 %, containers can be killed below their limits.', [
        d.instant(share(total('namespace_memory:kube_pod_container_resource_limits:sum'), allocatable('memory'))),
      ]),

      graph('CPU Usage', 'short', 'CPU cores in use, by namespace.', cpu.used, w=24),
      perNamespace('CPU Quota', 'short', 'CPU cores that the containers of each namespace use, request and may use at most.', quota('CPU', cpu)),

      graph('Memory', 'bytes', 'Resident memory, without page cache, by namespace.', memory.used, w=24),
      perNamespace('Memory Requests by Namespace', 'bytes', 'Resident memory of each namespace against its requests and limits.', quota('Memory', memory)),

      perNamespace('Current Network Usage', 'bps', 'Traffic of the pods of each namespace, on all their interfaces.', [
        d.column('Current Receive Bandwidth', bitRate('sum', 'container_network_receive_bytes_total')),
        d.column('Current Transmit Bandwidth', bitRate('sum', 'container_network_transmit_bytes_total')),
        d.column('Rate of Received Packets', networkRate('sum', 'container_network_receive_packets_total'), 'pps'),
        d.column('Rate of Transmitted Packets', networkRate('sum', 'container_network_transmit_packets_total'), 'pps'),
        d.column('Rate of Received Packets Dropped', networkRate('sum', 'container_network_receive_packets_dropped_total'), 'pps'),
        d.column('Rate of Transmitted Packets Dropped', networkRate('sum', 'container_network_transmit_packets_dropped_total'), 'pps'),
      ]),
      graph('Receive Bandwidth', 'bps', 'Traffic that pods receive, by namespace.', bitRate('sum', 'container_network_receive_bytes_total')),
      graph('Transmit Bandwidth', 'bps', 'Traffic that pods send, by namespace.', bitRate('sum', 'container_network_transmit_bytes_total')),
      graph('Average Container Bandwidth by Namespace: Received', 'bps', 'Traffic that one pod interface of a namespace receives on average.', bitRate('avg', 'container_network_receive_bytes_total'), stack=false),
      graph('Average Container Bandwidth by Namespace: Transmitted', 'bps', 'Traffic that one pod interface of a namespace sends on average.', bitRate('avg', 'container_network_transmit_bytes_total'), stack=false),
      graph('Rate of Received Packets', 'pps', 'Packets that pods receive, by namespace.', networkRate('sum', 'container_network_receive_packets_total')),
      graph('Rate of Transmitted Packets', 'pps', 'Packets that pods send, by namespace.', networkRate('sum', 'container_network_transmit_packets_total')),
      graph('Rate of Received Packets Dropped', 'pps', 'Packets for pods that were dropped on arrival, by namespace.', networkRate('sum', 'container_network_receive_packets_dropped_total')),
      graph('Rate of Transmitted Packets Dropped', 'pps', 'Packets from pods that were dropped before they were sent, by namespace.', networkRate('sum', 'container_network_transmit_packets_dropped_total')),

      graph('IOPS(Reads+Writes)', 'iops', 'Reads and writes that containers cause on disks, by namespace, rounded up.', 'ceil(%s)' % bothDisk('container_fs_reads_total', 'container_fs_writes_total')),
      graph('ThroughPut(Read+Write)', 'Bps', 'Bytes that containers read from and write to disks, by namespace.', bothDisk('container_fs_reads_bytes_total', 'container_fs_writes_bytes_total')),
      perNamespace('Current Storage IO', 'iops', 'Operations and bytes that containers cause on disks, by namespace.', [
        d.column('IOPS(Reads)', byNamespace(diskRate('container_fs_reads_total'))),
        d.column('IOPS(Writes)', byNamespace(diskRate('container_fs_writes_total'))),
        d.column('IOPS(Reads + Writes)', bothDisk('container_fs_reads_total', 'container_fs_writes_total')),
        d.column('Throughput(Read)', byNamespace(diskRate('container_fs_reads_bytes_total')), 'Bps'),
        d.column('Throughput(Write)', byNamespace(diskRate('container_fs_writes_bytes_total')), 'Bps'),
        d.column('Throughput(Read + Write)', bothDisk('container_fs_reads_bytes_total', 'container_fs_writes_bytes_total'), 'Bps'),
      ]),
    ],
  )
