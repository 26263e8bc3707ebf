local draw = import 'github.com/example/draw/draw.libsonnet';
{
  _config+:: { selector: 'job="cache"' },
  grafanaDashboardFolder:: 'Cache',
  grafanaDashboards+:: {
    'Cache Overview.json':
      draw.dashboard('Cache / Overview', 'cache-overview')
      .addPanel(draw.graph('Hits').query('sum(rate(cache_hits_total{%s}[$__rate_interval]))' % $._config.selector, 'hits'))
      .addPanel(draw.graph('Misses').query('sum(rate(cache_misses_total{%s}[$__rate_interval]))' % $._config.selector, 'misses')),
    'cache_internals.json': draw.dashboard('Cache / Internals', 'cache-internals'),
    'debug.json': draw.dashboard('Debug', 'debug'),
  },
  prometheusAlerts+:: (import 'alerts.libsonnet')($._config),
}
