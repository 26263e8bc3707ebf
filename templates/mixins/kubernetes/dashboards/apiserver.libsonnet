// API server: how well it answers, by its service level objective, and how its
// process fares. What single clients do is not here.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local server = (import 'process.libsonnet')(config, config.kubeApiserverSelector, 'the API server');
  local slo = config.SLOs.apiserver;
  local words = { days: slo.days, percent: 100 * slo.target };

  local availability(verb) = 'apiserver_request:availability%dd{verb="%s", %s}' % [slo.days, verb, k.inCluster];
  local requests(verb, code='') = 'code_resource:apiserver_request_total:rate5m{verb="%s", %s%s}' % [verb, code, k.inCluster];
  local met(title, description, verb, w) =
    d.stat(title, 'percentunit', description, [d.instant(availability(verb))], w=w, h=7, decimals=3, color='value', thresholds=d.thresholds('red', [[slo.target, 'green']]));

  // One line: how well the requests of a kind are answered, and how many.
  local indicators(kind, verb, what) = [
    met('%s Availability (%dd)' % [kind, slo.days], 'Share of requests to %s objects that were answered without a failure and in time.' % what, verb, 6),
    d.timeseries(kind + ' SLI - Requests', 'reqps', 'Requests to %s objects, by HTTP status.' % what, [
      d.query('sum by (code) (%s)' % requests(verb), '{{code}}'),
    ], w=6, stack=true, min=0, overrides=[
      d.matching('^2..$', d.look.color('green')),
      d.matching('^3..$', d.look.color('yellow')),
      d.matching('^4..$', d.look.color('blue')),
      d.matching('^5..$', d.look.color('red')),
    ]),
    d.timeseries(kind + ' SLI - Errors', 'percentunit', 'Share of requests to %s objects that failed with 5xx, by resource.' % what, [
      d.query('sum by (resource) (%s)\n/\nsum by (resource) (%s)' % [requests(verb, 'code=~"5..", '), requests(verb)], '{{resource}}'),
    ], w=6, min=0),
    d.timeseries(kind + ' SLI - Duration', 's', 'Time that 99 of 100 requests to %s objects take, by resource.' % what, [
      d.query('cluster_quantile:apiserver_request_sli_duration_seconds:histogram_quantile{verb="%s", %s}' % [verb, k.inCluster], '{{resource}}'),
    ], w=6, min=0),
  ];

  k.dashboard(
    'API server',
    '09ec8aa1e996d6ffcd6817bbaff4db1b',
    'Availability of the API server against its objective, its work queues and its process.',
    variables=server.variables,
    panels=[
      d.text('The objective (%(percent)g %% over %(days)d days) and all figures here are a guide, not a promise to anybody.' % words, 'What the objective on this dashboard is meant for.', 'Notice'),
      met('Availability (%(days)dd) > %(percent).3f%%' % words, 'Share of all requests in the last %(days)d days that were answered without a failure and in time.' % words, 'all', 8),
      d.timeseries('Error Budget (%(days)dd) > %(percent).3f%%' % words, 'percentunit', 'What is left of the failures that the objective allows. At 0 the objective is just met, below 0 it is missed.', [
        d.query('(%s - %s) / (1 - %s)' % [availability('all'), slo.target, slo.target], 'error budget'),
      ], w=16, fill=40, decimals=3),
    ] + indicators('Read', 'read', 'read') + indicators('Write', 'write', 'change') + [
      server.queueAdds(),
      server.queueDepth(),
      server.queueLatency,
    ] + server.process,
  )
