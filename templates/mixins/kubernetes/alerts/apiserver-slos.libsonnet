// KubeAPIErrorBudgetBurn: the API server fails or delays so many requests that
// the error budget of its objective will not last. One alert per row of
// SLOs.apiserver.windows; the burn rates are recorded in
// rules/apiserver-burnrate.libsonnet.
function(t)
  local slo = t.SLOs.apiserver;
  local budget = 1 - slo.target;
  {
    name: 'kube-apiserver-slos',
    rules: [
      {
        local terms = window {
          cluster: t.cluster,
          ofCluster: t.ofCluster,
          days: slo.days,
          threshold: '(%g * %.5g)' % [window.factor, budget],
          budgetPercent: budget * 100,
          lastsSeconds: slo.days * 86400 / window.factor,
        },
        alert: 'KubeAPIErrorBudgetBurn',
        expr: |||
          sum by (%(cluster)s) (apiserver_request:burnrate%(long)s) > %(threshold)s
          and on (%(cluster)s)
          sum by (%(cluster)s) (apiserver_request:burnrate%(short)s) > %(threshold)s
        ||| % terms,
        'for': window['for'],
        labels: { severity: window.severity, long: window.long, short: window.short },
        annotations: {
          summary: 'API server uses up its error budget too fast.',
          description: 'Over the last %(long)s and still over the last %(short)s, the API server%(ofCluster)s has answered too slowly or with an error (5xx); reads and writes together, the bad share is {{ $value | humanizePercentage }}. The objective allows %(budgetPercent).3g%% over %(days)d days, and at this pace that is used up in less than {{ %(lastsSeconds)d | humanizeDuration }}. Which requests: `code_resource:apiserver_request_total:rate5m{code=~"5.."}` and `cluster_quantile:apiserver_request_sli_duration_seconds:histogram_quantile`; then the API server, etcd and admission webhooks.' % terms,
        },
      }
      for window in slo.windows
    ],
  }
