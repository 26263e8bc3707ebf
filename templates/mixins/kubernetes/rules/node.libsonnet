// Nodes: which pods they run, what they have and what they use.
function(t) {
  name: 'node.rules',
  rules: [
    {
      // The trailing colon belongs to the name. A pod that is reported twice
      // counts once.
      record: 'node_namespace_pod:kube_pod_info:',
      expr: |||
        topk by (%(cluster)s, namespace, pod) (1,
          max by (%(cluster)s, node, namespace, pod) (
            kube_pod_info{%(kubeStateMetricsSelector)s, node!=""}
          )
        )
      ||| % t,
    },
    {
      // node-exporter runs as a pod, which leads to the node's name.
      record: 'node:node_num_cpu:sum',
      expr: |||
        count by (%(cluster)s, node) (
          node_cpu_seconds_total{%(nodeExporterSelector)s, mode="idle"}
          * on (%(cluster)s, namespace, pod) group_left (node)
          node_namespace_pod:kube_pod_info:
        )
      ||| % t,
    },
    {
      // Kernels before 3.14 do not estimate what is available.
      record: ':node_memory_MemAvailable_bytes:sum',
      expr: |||
        sum by (%(cluster)s) (
          node_memory_MemAvailable_bytes{%(nodeExporterSelector)s}
          or
          (
            node_memory_Buffers_bytes{%(nodeExporterSelector)s}
            + node_memory_Cached_bytes{%(nodeExporterSelector)s}
            + node_memory_MemFree_bytes{%(nodeExporterSelector)s}
            + node_memory_Slab_bytes{%(nodeExporterSelector)s}
          )
        )
      ||| % t,
    },
    {
      // Waiting for disks is not use, and stolen time is the hypervisor's. The
      // result is per node where node-exporter's series carry a node label, as
      // with a relabelling of its ServiceMonitor; else per cluster.
      record: 'node:node_cpu_utilization:ratio_rate5m',
      expr: |||
        avg by (%(cluster)s, node) (
          sum without (mode) (
            rate(node_cpu_seconds_total{%(nodeExporterSelector)s, mode!~"idle|iowait|steal"}[5m])
          )
        )
      ||| % t,
    },
    {
      record: 'cluster:node_cpu:ratio_rate5m',
      expr: 'avg by (%(cluster)s) (node:node_cpu_utilization:ratio_rate5m)' % t,
    },
  ],
}
