// The share of reads and of writes that the API server has answered too slowly
// or with a server error, over every window that KubeAPIErrorBudgetBurn
// compares with its budget.
local sli = import 'apiserver-sli.libsonnet';

function(t)
  local slo = t.SLOs.apiserver;
  local windows = std.set([w.long for w in slo.windows] + [w.short for w in slo.windows]);
  local rate(metric, verbs, window, matchers='') =
    'sum by (%s) (rate(%s{%s, verb=~"%s"%s}[%s]))' % [t.cluster, metric, t.kubeApiserverSelector, verbs, matchers, window];
  local sliRate(series, verbs, window, matchers='') =
    rate('apiserver_request_sli_duration_seconds_' + series, verbs, window, ', ' + sli.longRunning + matchers);

  local burnrate(verbs, window, inTime) = |||
    (
      (
        %(all)s
        - (
          %(inTime)s
        )
      )
      +
      %(failed)s
    )
    /
    %(answered)s
  ||| % {
    all: sliRate('count', verbs, window),
    inTime: inTime,
    failed: rate('apiserver_request_total', verbs, window, ', code=~"5.."'),
    answered: rate('apiserver_request_total', verbs, window),
  };
  local inTime(verbs, window, matchers) = sliRate('bucket', verbs, window, ', ' + matchers);

  {
    name: 'kube-apiserver-burnrate.rules',
    rules: [
      {
        record: 'apiserver_request:burnrate' + window,
        local scopes = sli.readsInTime(slo.latency),
        expr: burnrate(t.readVerbs, window, std.join('\n      + ', [
          // Some API servers are never asked for single objects.
          '(%s or vector(0))' % inTime(t.readVerbs, window, scopes[0]),
          inTime(t.readVerbs, window, scopes[1]),
          inTime(t.readVerbs, window, scopes[2]),
        ])),
        labels: { verb: 'read' },
      }
      for window in windows
    ] + [
      {
        record: 'apiserver_request:burnrate' + window,
        expr: burnrate(t.writeVerbs, window, inTime(t.writeVerbs, window, sli.bucket(slo.latency.write))),
        labels: { verb: 'write' },
      }
      for window in windows
    ],
  }
