// Parameters of the kube-state-metrics mixin: how kube-state-metrics watches
// the API server and shards its work. Holds no expression; those are in
// alerts.libsonnet.
{
  _config+:: {
    // Label matchers that pick kube-state-metrics' metrics about itself (its
    // second port), as written inside {}. Default: the job label that the
    // ServiceMonitor of this stack sets.
    kubeStateMetricsSelector: 'job="kube-state-metrics"',

    // Label that tells clusters apart; each alert is raised once a cluster.
    // Empty in a single cluster.
    clusterLabel: 'cluster',

    // Share of list or watch requests to the API server (0-1) that fail above
    // which an alert is due.
    apiErrorsThreshold: 0.01,

    // Window over which the share of failed requests is taken.
    apiErrorsWindow: '5m',

    // Where alerts link to; %s becomes the alert's name in lower case.
    runbookURLPattern: 'https://runbooks.prometheus-operator.dev/runbooks/kube-state-metrics/%s',
  },
}
