// Grafana Overview: Grafana itself, from the metrics that it exposes. What its
// users look at is no business of this dashboard.
local d = import 'lib/dashboard.libsonnet';

local sel = 'job=~"$job", instance=~"$instance"';

// Over all requests, whatever they were for.
local latency(q) = 'histogram_quantile(%s, sum by (le) (irate(grafana_http_request_duration_seconds_bucket{%s}[$__rate_interval])))' % [q, sel];
local total(suffix) = 'sum(irate(grafana_http_request_duration_seconds_%s{%s}[$__rate_interval]))' % [suffix, sel];

function(config)
  d.dashboard(
    'Grafana Overview',
    '6be0s85Mk',
    'Alerts, dashboards, version, requests and response times of Grafana itself.',
    tags=config.dashboardTags,
    from='now-6h',
    minStep='1m',
    variables=[
      d.variable.datasource(config.datasourceFilterRegex),
      d.variable.label('job', 'grafana_build_info', multi=true, all=true, allValue='.*'),
      d.variable.label('instance', 'grafana_build_info', multi=true, all=true, allValue='.*'),
    ],
    panels=[
      d.stat('Firing Alerts', 'none', 'Alerts of Grafana\'s own alert rules that are firing. Alerts of Prometheus are not among them.', [
        d.query('sum(grafana_alerting_alerts{state="alerting", %s})' % sel, 'firing'),
      ], w=6, h=5, sparkline=true, color='value', thresholds=d.thresholds('green', [[1, 'red']])),
      d.stat('Dashboards', 'none', 'Dashboards that Grafana has stored, provisioned ones included.', [
        d.query('sum(grafana_stat_totals_dashboard{%s})' % sel, 'dashboards'),
      ], w=6, h=5, sparkline=true),
      d.table('Build Info', 'none', 'Edition and version of each instance.', [
        d.rowLabel('job', 'Job'),
        d.rowLabel('instance', 'Instance'),
        d.rowLabel('edition', 'Edition'),
        d.rowLabel('version', 'Version'),
      ], [
        d.column(null, 'grafana_build_info{%s}' % sel),
      ], w=12, h=5, hide=['__name__', 'branch', 'container', 'endpoint', 'goversion', 'namespace', 'pod', 'revision', 'service']),
      d.timeseries('RPS', 'reqps', 'Requests that Grafana answers, by HTTP status code.', [
        d.query('sum by (status_code) (irate(grafana_http_request_duration_seconds_count{%s}[1m]))' % sel, '{{status_code}}'),
      ], h=8, stack=true),
      d.timeseries('Request Latency', 's', 'Time that Grafana takes to answer: median, mean, and the slowest hundredth. Dashboards wait for the data source within it.', [
        d.query(latency('0.99'), '99th percentile', exemplars=true),
        d.query(latency('0.50'), 'median', exemplars=true),
        d.query('%s / %s' % [total('sum'), total('count')], 'mean', exemplars=true),
      ], h=8),
    ],
  )
