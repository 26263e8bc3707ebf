// Recording rules about the stack as a whole: CPU and network of all nodes, and
// how many targets are up and down. They take what they find, whatever its
// job, and their windows are fixed, because existing dashboards and alerts read
// them under these names.
{
  // CPU time spent on work of this node.
  local busy = 'mode!~"idle|iowait|steal"',

  // Every CPU of every node once, whatever its modes.
  local cpus = 'sum by (instance, cpu) (node_cpu_seconds_total)',

  prometheusRules+:: {
    groups+: [
      {
        name: 'kube-prometheus-node-recording.rules',
        rules: [
          {
            record: 'instance:node_cpu:rate:sum',
            expr: 'sum by (instance) (rate(node_cpu_seconds_total{%s}[3m]))' % busy,
          },
          {
            record: 'instance:node_network_receive_bytes:rate:sum',
            expr: 'sum by (instance) (rate(node_network_receive_bytes_total[3m]))',
          },
          {
            record: 'instance:node_network_transmit_bytes:rate:sum',
            expr: 'sum by (instance) (rate(node_network_transmit_bytes_total[3m]))',
          },
          {
            record: 'instance:node_cpu:ratio',
            expr: |||
              sum without (cpu, mode) (rate(node_cpu_seconds_total{%s}[5m]))
              / on (instance) group_left ()
              count by (instance) (%s)
            ||| % [busy, cpus],
          },
          {
            record: 'cluster:node_cpu:sum_rate5m',
            expr: 'sum(rate(node_cpu_seconds_total{%s}[5m]))' % busy,
          },
          {
            record: 'cluster:node_cpu:ratio',
            expr: 'cluster:node_cpu:sum_rate5m / count(%s)' % cpus,
          },
        ],
      },
      {
        name: 'kube-prometheus-general.rules',
        rules: [
          {
            record: 'count:up1',
            expr: 'count without (instance, pod, node) (up == 1)',
          },
          {
            record: 'count:up0',
            expr: 'count without (instance, pod, node) (up == 0)',
          },
        ],
      },
    ],
  },
}
