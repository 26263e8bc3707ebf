// How long the scheduler takes, over all of its instances.
function(t) {
  name: 'kube-scheduler.rules',
  rules: [
    {
      record: 'cluster_quantile:%s:histogram_quantile' % metric,
      expr: |||
        histogram_quantile(%(quantile)s,
          sum without (instance, pod) (
            rate(%(metric)s_bucket{%(selector)s}[5m])
          )
        )
      ||| % { quantile: quantile, metric: metric, selector: t.kubeSchedulerSelector },
      labels: { quantile: quantile },
    }
    for quantile in ['0.99', '0.9', '0.5']
    for metric in [
      // One attempt: the algorithm and the binding.
      'scheduler_scheduling_attempt_duration_seconds',
      'scheduler_scheduling_algorithm_duration_seconds',
      // A pod from the queue to its node, over all attempts.
      'scheduler_pod_scheduling_sli_duration_seconds',
    ]
  ],
}
