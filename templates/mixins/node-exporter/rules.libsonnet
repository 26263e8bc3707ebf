// Recording rules of hosts: utilisation, saturation and errors per node, as the
// dashboards of this mixin and of Kubernetes read them. The windows are part of
// the record names (rate5m) and are therefore not parameters.
{
  local select = $._config.nodeExporterSelector,
  local disk = $._config.diskDeviceSelector,

  // Sum over the devices of a node, of one direction and quantity.
  local network(metric, devices) =
    'sum without (device) (rate(%s{%s,%s}[5m]))' % [metric, select, devices],
  local notLoopback = 'device!="lo"',
  local physical = 'device!="lo",' + $._config.hostNetworkInterfaceSelector,

  prometheusRules+:: {
    groups+: [
      {
        name: 'node-exporter.rules',
        rules: [
          {
            record: 'instance:node_num_cpu:sum',
            expr: 'count without (cpu, mode) (node_cpu_seconds_total{%s,mode="idle"})' % select,
          },
          {
            // Time stolen by the hypervisor is not work of this node.
            record: 'instance:node_cpu_utilisation:rate5m',
            expr: |||
              1 - avg without (cpu) (
                sum without (mode) (rate(node_cpu_seconds_total{%s,mode=~"idle|iowait|steal"}[5m]))
              )
            ||| % select,
          },
          {
            record: 'instance:node_load1_per_cpu:ratio',
            expr: 'node_load1{%s} / instance:node_num_cpu:sum{%s}' % [select, select],
          },
          {
            // Kernels before 3.14 do not say what is available; there it is
            // estimated from what can be freed.
            record: 'instance:node_memory_utilisation:ratio',
            expr: |||
              1 - (
                (
                  node_memory_MemAvailable_bytes{%(select)s}
                  or
                  (
                    node_memory_MemFree_bytes{%(select)s}
                    + node_memory_Buffers_bytes{%(select)s}
                    + node_memory_Cached_bytes{%(select)s}
                    + node_memory_Slab_bytes{%(select)s}
                  )
                )
                / node_memory_MemTotal_bytes{%(select)s}
              )
            ||| % { select: select },
          },
          {
            record: 'instance:node_vmstat_pgmajfault:rate5m',
            expr: 'rate(node_vmstat_pgmajfault{%s}[5m])' % select,
          },
          {
            record: 'instance_device:node_disk_io_time_seconds:rate5m',
            expr: 'rate(node_disk_io_time_seconds_total{%s,%s}[5m])' % [select, disk],
          },
          {
            record: 'instance_device:node_disk_io_time_weighted_seconds:rate5m',
            expr: 'rate(node_disk_io_time_weighted_seconds_total{%s,%s}[5m])' % [select, disk],
          },
          {
            record: 'instance:node_network_receive_bytes_excluding_lo:rate5m',
            expr: network('node_network_receive_bytes_total', notLoopback),
          },
          {
            record: 'instance:node_network_transmit_bytes_excluding_lo:rate5m',
            expr: network('node_network_transmit_bytes_total', notLoopback),
          },
          {
            record: 'instance:node_network_receive_drop_excluding_lo:rate5m',
            expr: network('node_network_receive_drop_total', notLoopback),
          },
          {
            record: 'instance:node_network_transmit_drop_excluding_lo:rate5m',
            expr: network('node_network_transmit_drop_total', notLoopback),
          },
          {
            record: 'instance:node_network_receive_bytes_physical:rate5m',
            expr: network('node_network_receive_bytes_total', physical),
          },
          {
            record: 'instance:node_network_transmit_bytes_physical:rate5m',
            expr: network('node_network_transmit_bytes_total', physical),
          },
          {
            record: 'instance:node_network_receive_drop_physical:rate5m',
            expr: network('node_network_receive_drop_total', physical),
          },
          {
            record: 'instance:node_network_transmit_drop_physical:rate5m',
            expr: network('node_network_transmit_drop_total', physical),
          },
        ],
      },
    ],
  },
}
