// Alertmanager / Overview: what one Alertmanager service holds, takes in and
// sends. It deliberately picks the service by variables and not by the job, so
// that it shows every Alertmanager that the data source knows.
local d = import 'lib/dashboard.libsonnet';

local service = 'namespace=~"$namespace", service=~"$service"';
local integration = service + ', integration="$integration"';

// Per instance; namespace and service are constant, and kept for drill-downs.
local perInstance(metric, selector) =
  'sum by (namespace, service, instance) (rate(%s{%s}[$__rate_interval]))' % [metric, selector];

local latencyQuantile(q) = |||
  histogram_quantile(%s,
    sum by (le, namespace, service, instance) (
      rate(alertmanager_notification_latency_seconds_bucket{%s}[$__rate_interval])
    )
  )
||| % [q, integration];

function(config)
  d.dashboard(
    'Alertmanager / Overview',
    'alertmanager-overview',
    'Alerts that one Alertmanager service holds and receives, and the notifications it sends.',
    tags=config.dashboardTags,
    variables=[
      d.variable.datasource(config.datasourceFilterRegex),
      d.variable.label('namespace', 'alertmanager_alerts'),
      d.variable.label('service', 'alertmanager_alerts'),
      d.variable.label('integration', 'alertmanager_notifications_total{integration=~".*"}', all=true, hide=true),
    ],
    panels=[
      d.row('Alerts', [
        d.timeseries('Alerts', 'none', 'Alerts that each instance holds, in every state. The members of a cluster should agree.', [
          d.query('sum by (namespace, service, instance) (alertmanager_alerts{%s})' % service, '{{instance}}'),
        ], stack=true),
        d.timeseries('Alerts receive rate', 'ops', 'Alerts that Prometheus delivers to each instance, and those refused because they are malformed.', [
          d.query(perInstance('alertmanager_alerts_received_total', service), '{{instance}} received'),
          d.query(perInstance('alertmanager_alerts_invalid_total', service), '{{instance}} invalid'),
        ], stack=true),
      ]),
      d.row('Notifications', [
        d.timeseries('$integration: Notifications Send Rate', 'ops', 'Attempts to send notifications through this integration, and the attempts that failed for whatever reason.', [
          d.query(perInstance('alertmanager_notifications_total', integration), '{{instance}} total'),
          d.query(perInstance('alertmanager_notifications_failed_total', integration), '{{instance}} failed'),
        ], repeat='integration'),
        d.timeseries('$integration: Notification Duration', 's', 'Time that the receiver takes to accept a notification: median, mean, and the slowest hundredth.', [
          d.query(latencyQuantile('0.99'), '{{instance}} 99th percentile'),
          d.query(latencyQuantile('0.50'), '{{instance}} median'),
          d.query('%s\n/\n%s' % [
            perInstance('alertmanager_notification_latency_seconds_sum', integration),
            perInstance('alertmanager_notification_latency_seconds_count', integration),
          ], '{{instance}} mean'),
        ], repeat='integration'),
      ]),
    ],
  )
