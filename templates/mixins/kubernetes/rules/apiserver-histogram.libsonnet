// How long the API server takes to answer, by resource.
local sli = import 'apiserver-sli.libsonnet';

function(t) {
  local latency(verb, verbs) = {
    record: 'cluster_quantile:apiserver_request_sli_duration_seconds:histogram_quantile',
    expr: |||
      histogram_quantile(0.99,
        sum by (%(cluster)s, le, resource) (
          rate(apiserver_request_sli_duration_seconds_bucket{%(kubeApiserverSelector)s, verb=~"%(verbs)s", %(longRunning)s}[5m])
        )
      ) > 0
    ||| % (t { verbs: verbs, longRunning: sli.longRunning }),
    labels: { verb: verb, quantile: '0.99' },
  },

  name: 'kube-apiserver-histogram.rules',
  rules: [
    latency('read', t.readVerbs),
    latency('write', t.writeVerbs),
  ],
}
