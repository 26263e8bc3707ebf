// How long kubelets take to list their containers, by node.
function(t) {
  name: 'kubelet.rules',
  rules: [
    {
      record: 'node_quantile:kubelet_pleg_relist_duration_seconds:histogram_quantile',
      expr: |||
        histogram_quantile(%(quantile)s,
          sum by (%(cluster)s, instance, le) (
            rate(kubelet_pleg_relist_duration_seconds_bucket{%(kubeletSelector)s}[5m])
          )
        )
        * on (%(cluster)s, instance) group_left (node)
        max by (%(cluster)s, instance, node) (kubelet_node_name{%(kubeletSelector)s})
      ||| % (t { quantile: quantile }),
      labels: { quantile: quantile },
    }
    for quantile in ['0.99', '0.9', '0.5']
  ],
}
