// Recording rules of Windows nodes (group windows.node.rules) and of the
// containers on them (group windows.pod.rules). The dashboards of this mixin
// read them. Record names and windows are fixed by what existing dashboards
// expect, odd as some are; no alert is built on them.
{
  local windows = $._config.windowsExporterSelector,
  local kubeState = $._config.kubeStateMetricsSelector,
  local cluster = $._config.clusterLabel,

  // Two metrics changed their names in windows-exporter 0.31. Both names are
  // read, so that hosts can be upgraded one after the other; a host that
  // exposes both counts once.
  local bootTime = |||
    (
      windows_system_boot_time_timestamp{%(windows)s}
      or windows_system_boot_time_timestamp_seconds{%(windows)s}
    )
  ||| % { windows: windows },
  local memoryTotal = |||
    (
      windows_memory_physical_total_bytes{%(windows)s}
      or windows_os_visible_memory_bytes{%(windows)s}
    )
  ||| % { windows: windows },

  // Disk time per second of each volume, reading plus writing.
  local diskTime = |||
    (
      irate(windows_logical_disk_read_seconds_total{%(windows)s}[1m])
      + irate(windows_logical_disk_write_seconds_total{%(windows)s}[1m])
    )
  ||| % { windows: windows },

  local discards(direction) =
    'irate(windows_net_packets_%s_discarded_total{%s}[1m])' % [direction, windows],

  // A series of the exporter, with the container, pod and namespace that
  // kube-state-metrics knows for its container id.
  local withWorkload(metric) = |||
    %(metric)s{%(windows)s,container_id!=""}
    * on (container_id, %(cluster)s) group_left (container, pod, namespace)
    max by (container, container_id, pod, namespace, %(cluster)s) (
      kube_pod_container_info{%(kubeState)s,container_id!=""}
    )
  ||| % { metric: metric, windows: windows, kubeState: kubeState, cluster: cluster },

  // What a container asks for, kept for Windows containers only: those that
  // the exporter reports as available.
  local ofWindowsContainer(metric, resource) = |||
    max by (%(cluster)s, namespace, pod, container) (
      %(metric)s{%(kubeState)s,resource="%(resource)s"}
    )
    * on (container, pod, namespace, %(cluster)s)
    windows_pod_container_available
  ||| % { metric: metric, resource: resource, kubeState: kubeState, cluster: cluster },

  prometheusRules+:: {
    groups+: [
      {
        name: 'windows.node.rules',
        rules: [
          {
            record: 'node:windows_node:sum',
            expr: 'count by (%s) %s' % [cluster, bootTime],
          },
          {
            record: 'node:windows_node_num_cpu:sum',
            expr: |||
              count by (%(cluster)s, instance) (
                sum by (%(cluster)s, instance, core) (windows_cpu_time_total{%(windows)s})
              )
            ||| % { cluster: cluster, windows: windows },
          },
          {
            record: ':windows_node_cpu_utilisation:avg1m',
            expr: '1 - avg by (%s) (rate(windows_cpu_time_total{%s,mode="idle"}[1m]))' % [cluster, windows],
          },
          {
            record: 'node:windows_node_cpu_utilisation:avg1m',
            expr: '1 - avg by (%s, instance) (rate(windows_cpu_time_total{%s,mode="idle"}[1m]))' % [cluster, windows],
          },
          {
            record: ':windows_node_memory_utilisation:',
            expr: '1 - sum by (%(cluster)s) (windows_memory_available_bytes{%(windows)s}) / sum by (%(cluster)s) %(total)s' % { cluster: cluster, windows: windows, total: memoryTotal },
          },
          {
            record: ':windows_node_memory_MemFreeCached_bytes:sum',
            expr: 'sum by (%(cluster)s) (windows_memory_available_bytes{%(windows)s} + windows_memory_cache_bytes{%(windows)s})' % { cluster: cluster, windows: windows },
          },
          {
            record: 'node:windows_node_memory_totalCached_bytes:sum',
            expr: |||
              windows_memory_cache_bytes{%(windows)s}
              + windows_memory_modified_page_list_bytes{%(windows)s}
              + windows_memory_standby_cache_core_bytes{%(windows)s}
              + windows_memory_standby_cache_normal_priority_bytes{%(windows)s}
              + windows_memory_standby_cache_reserve_bytes{%(windows)s}
            ||| % { windows: windows },
          },
          {
            record: ':windows_node_memory_MemTotal_bytes:sum',
            expr: 'sum by (%s) %s' % [cluster, memoryTotal],
          },
          {
            record: 'node:windows_node_memory_bytes_available:sum',
            expr: 'sum by (%s, instance) (windows_memory_available_bytes{%s})' % [cluster, windows],
          },
          {
            record: 'node:windows_node_memory_bytes_total:sum',
            expr: 'sum by (%s, instance) %s' % [cluster, memoryTotal],
          },
          {
            // A node's share in the memory use of the whole fleet: the sum over
            // nodes is the fleet's utilisation. Uses the two records above.
            record: 'node:windows_node_memory_utilisation:ratio',
            expr: |||
              (node:windows_node_memory_bytes_total:sum - node:windows_node_memory_bytes_available:sum)
              / scalar(sum(node:windows_node_memory_bytes_total:sum))
            |||,
          },
          {
            record: 'node:windows_node_memory_utilisation:',
            expr: '1 - node:windows_node_memory_bytes_available:sum / node:windows_node_memory_bytes_total:sum',
          },
          {
            record: 'node:windows_node_memory_swap_io_pages:irate',
            expr: 'irate(windows_memory_swap_page_operations_total{%s}[5m])' % windows,
          },
          {
            record: ':windows_node_disk_utilisation:avg_irate',
            expr: 'avg by (%s) %s' % [cluster, diskTime],
          },
          {
            record: 'node:windows_node_disk_utilisation:avg_irate',
            expr: 'avg by (%s, instance) %s' % [cluster, diskTime],
          },
          {
            record: 'node:windows_node_filesystem_usage:',
            expr: |||
              max by (%(cluster)s, instance, volume) (
                (windows_logical_disk_size_bytes{%(windows)s} - windows_logical_disk_free_bytes{%(windows)s})
                / windows_logical_disk_size_bytes{%(windows)s}
              )
            ||| % { cluster: cluster, windows: windows },
          },
          {
            record: 'node:windows_node_filesystem_avail:',
            expr: |||
              max by (%(cluster)s, instance, volume) (
                windows_logical_disk_free_bytes{%(windows)s} / windows_logical_disk_size_bytes{%(windows)s}
              )
            ||| % { cluster: cluster, windows: windows },
          },
          {
            record: ':windows_node_net_utilisation:sum_irate',
            expr: 'sum by (%s) (irate(windows_net_bytes_total{%s}[1m]))' % [cluster, windows],
          },
          {
            record: 'node:windows_node_net_utilisation:sum_irate',
            expr: 'sum by (%s, instance) (irate(windows_net_bytes_total{%s}[1m]))' % [cluster, windows],
          },
          {
            record: ':windows_node_net_saturation:sum_irate',
            expr: 'sum by (%(cluster)s) (%(received)s) + sum by (%(cluster)s) (%(outbound)s)' % { cluster: cluster, received: discards('received'), outbound: discards('outbound') },
          },
          {
            record: 'node:windows_node_net_saturation:sum_irate',
            expr: 'sum by (%s, instance) (%s + %s)' % [cluster, discards('received'), discards('outbound')],
          },
        ],
      },
      {
        name: 'windows.pod.rules',
        rules: [
          {
            record: 'windows_pod_container_available',
            expr: withWorkload('windows_container_available'),
          },
          {
            record: 'windows_container_total_runtime',
            expr: withWorkload('windows_container_cpu_usage_seconds_total'),
          },
          {
            record: 'windows_container_memory_usage',
            expr: withWorkload('windows_container_memory_usage_commit_bytes'),
          },
          {
            record: 'windows_container_private_working_set_usage',
            expr: withWorkload('windows_container_memory_usage_private_working_set_bytes'),
          },
          {
            record: 'windows_container_network_received_bytes_total',
            expr: withWorkload('windows_container_network_receive_bytes_total'),
          },
          {
            record: 'windows_container_network_transmitted_bytes_total',
            expr: withWorkload('windows_container_network_transmit_bytes_total'),
          },
          {
            record: 'kube_pod_windows_container_resource_memory_request',
            expr: ofWindowsContainer('kube_pod_container_resource_requests', 'memory'),
          },
          {
            record: 'kube_pod_windows_container_resource_memory_limit',
            expr: ofWindowsContainer('kube_pod_container_resource_limits', 'memory'),
          },
          {
            record: 'kube_pod_windows_container_resource_cpu_cores_request',
            expr: ofWindowsContainer('kube_pod_container_resource_requests', 'cpu'),
          },
          {
            record: 'kube_pod_windows_container_resource_cpu_cores_limit',
            expr: ofWindowsContainer('kube_pod_container_resource_limits', 'cpu'),
          },
          {
            record: 'namespace_pod_container:windows_container_cpu_usage_seconds_total:sum_rate',
            expr: 'sum by (%s, namespace, pod, container) (rate(windows_container_total_runtime[5m]))' % cluster,
          },
        ],
      },
    ],
  },
}
