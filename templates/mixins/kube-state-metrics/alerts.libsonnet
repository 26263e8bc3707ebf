// Alerts about kube-state-metrics itself, each raised once a cluster: its
// requests to the API server fail, or its shards do not cover every object.
local annotations = import 'lib/annotations.libsonnet';

{
  local config = $._config,

  // Share of one kind of request that failed, per cluster.
  local errorShare(metric) = |||
    sum by (%(clusterLabel)s) (rate(%(metric)s{%(kubeStateMetricsSelector)s,result="error"}[%(apiErrorsWindow)s]))
    / sum by (%(clusterLabel)s) (rate(%(metric)s{%(kubeStateMetricsSelector)s}[%(apiErrorsWindow)s]))
    > %(apiErrorsThreshold)s
  ||| % (config { metric:: metric }),

  // Names the cluster in a description, where clusters have names.
  local inCluster = '{{ with $labels.%(clusterLabel)s }} in cluster {{ . }}{{ end }}',

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'kube-state-metrics',
        rules: [
          {
            alert: 'KubeStateMetricsListErrors',
            expr: errorShare('kube_state_metrics_list_total'),
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'KubeStateMetricsListErrors',
              'Kube-state-metrics fails to list Kubernetes objects.',
              '{{ $value | humanizePercentage }} of the list requests of kube-state-metrics' + inCluster + ' fail. ' +
              'Metrics about Kubernetes objects are missing or out of date, so the alerts on workloads, nodes and volumes are blind. ' +
              'Its log names the kind of object; check its permissions (ClusterRole) and the API server.'
            ),
          },
          {
            alert: 'KubeStateMetricsWatchErrors',
            expr: errorShare('kube_state_metrics_watch_total'),
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'KubeStateMetricsWatchErrors',
              'Kube-state-metrics fails to watch Kubernetes objects.',
              '{{ $value | humanizePercentage }} of the watch requests of kube-state-metrics' + inCluster + ' fail. ' +
              'Metrics about Kubernetes objects lag behind or stand still, so the alerts on workloads, nodes and volumes are blind. ' +
              'Its log names the kind of object; check its permissions (ClusterRole) and the API server.'
            ),
          },
          {
            alert: 'KubeStateMetricsShardingMismatch',
            expr: 'stdvar by (%(clusterLabel)s) (kube_state_metrics_total_shards{%(kubeStateMetricsSelector)s}) != 0' % config,
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'KubeStateMetricsShardingMismatch',
              'Kube-state-metrics shards disagree about their number.',
              'The pods of kube-state-metrics' + inCluster + ' do not agree on the total number of shards. ' +
              'Some Kubernetes objects are reported twice, others not at all, so alerts on them are wrong or missing. ' +
              'Give all pods the same --total-shards; a rollout that got stuck halfway does the same.'
            ),
          },
          {
            // Each ordinal sets one bit, and all bits together must make the
            // number of shards; replicas of one ordinal count once.
            alert: 'KubeStateMetricsShardsMissing',
            expr: |||
              (
                2 ^ max by (%(clusterLabel)s) (kube_state_metrics_total_shards{%(kubeStateMetricsSelector)s}) - 1
              )
              -
              sum by (%(clusterLabel)s) (
                2 ^ max by (%(clusterLabel)s, shard_ordinal) (kube_state_metrics_shard_ordinal{%(kubeStateMetricsSelector)s})
              )
              != 0
            ||| % config,
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'KubeStateMetricsShardsMissing',
              'A shard of kube-state-metrics is missing.',
              'At least one shard of kube-state-metrics' + inCluster + ' is not running, or has a number outside the total. ' +
              'The Kubernetes objects of that shard are not reported, so alerts on them cannot fire. ' +
              'Compare the --shard numbers of the running pods with --total-shards, and see why a pod is down.'
            ),
          },
        ],
      },
    ],
  },
}
