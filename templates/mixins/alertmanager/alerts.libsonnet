// The alerts about Alertmanager itself, in the order of the reference. Not here: what Prometheus sees of its own
// connection to Alertmanager, which is part of the mixin prometheus.
local annotations = import 'lib/annotations.libsonnet';

{
  local config = $._config,

  // Failed notifications as a share of all, per instance, integration and reason. Only failures carry a reason, so
  // that several of them meet one total.
  local failureRatio(selector) = |||-
    rate(alertmanager_notifications_failed_total{%(selector)s}[%(window)s])
      / ignoring (reason) group_left
    rate(alertmanager_notifications_total{%(selector)s}[%(window)s])
  ||| % { selector: selector, window: config.alertmanagerNotificationFailureWindow },

  // The failures that are critical. Instances without any are left out, since one that has nothing to send proves
  // nothing; of those that fail, the one that fares best decides.
  local criticalFailures = |||-
    min by (%(alertmanagerClusterLabels)s, integration) (
      (
        %(failureRatio)s
      ) > 0
    ) > %(alertmanagerNotificationFailureThreshold)s
  ||| % (config {
    failureRatio: std.strReplace(failureRatio(criticalSelector), '\n', '\n    '),
  }),
  local criticalSelector =
    // A matcher that lets everything through would only cost time.
    if config.alertmanagerCriticalIntegrationsRegEx == '.*' then config.alertmanagerSelector
    else '%(alertmanagerSelector)s,integration=~"%(alertmanagerCriticalIntegrationsRegEx)s"' % config,

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'alertmanager.rules',
        rules: [
          {
            alert: 'AlertmanagerFailedReload',
            expr: |||-
              max_over_time(alertmanager_config_last_reload_successful{%(alertmanagerSelector)s}[%(alertmanagerStateWindow)s]) == 0
            ||| % config,
            'for': '10m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'AlertmanagerFailedReload',
              'Alertmanager cannot load its configuration.',
              |||-
                Alertmanager %(alertmanagerName)s rejects the configuration that it was last given and keeps running on an older one: changed routes, receivers and inhibitions are not in force, and it would not survive a restart.
                Its log says which line is at fault.
              |||
            ),
          },
          {
            // Each instance compares what it sees of the gossip with how many instances are scraped.
            alert: 'AlertmanagerMembersInconsistent',
            expr: |||-
              max_over_time(alertmanager_cluster_members{%(alertmanagerSelector)s}[%(alertmanagerStateWindow)s])
                < on (%(alertmanagerClusterLabels)s) group_left
              count by (%(alertmanagerClusterLabels)s) (
                max_over_time(alertmanager_cluster_members{%(alertmanagerSelector)s}[%(alertmanagerStateWindow)s])
              )
            ||| % config,
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'AlertmanagerMembersInconsistent',
              'An Alertmanager instance does not see all members of its cluster.',
              |||-
                Alertmanager %(alertmanagerName)s sees only {{ $value }} of the instances of its cluster %(alertmanagerClusterName)s, itself included: silences and sent notifications are no longer shared, so people may be notified twice or in spite of a silence.
                Look at network policies and the gossip port (9094), and in its log for peers that failed to join.
              |||
            ),
          },
          {
            alert: 'AlertmanagerFailedToSendAlerts',
            expr: |||-
              %(failureRatio)s > %(alertmanagerNotificationFailureThreshold)s
            ||| % (config { failureRatio: failureRatio(config.alertmanagerSelector) }),
            'for': '5m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'AlertmanagerFailedToSendAlerts',
              'An Alertmanager instance fails to send notifications.',
              |||-
                Alertmanager %(alertmanagerName)s failed to send {{ $value | humanizePercentage }} of its notifications through {{ $labels.integration }} in the last %(alertmanagerNotificationFailureWindow)s{{ with $labels.reason }} (reason: {{ . }}){{ end }}.
                Other instances of the cluster may still deliver them. Its log names the receiver and the error.
              |||
            ),
          },
          {
            alert: 'AlertmanagerClusterFailedToSendAlerts',
            expr: criticalFailures,
            'for': '5m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'AlertmanagerClusterFailedToSendAlerts',
              'An Alertmanager cluster fails to send notifications through a critical integration.',
              |||-
                In the Alertmanager cluster %(alertmanagerClusterName)s, every instance with failures lost at least {{ $value | humanizePercentage }} of its notifications through {{ $labels.integration }} in the last %(alertmanagerNotificationFailureWindow)s: alerts may reach nobody.
                Check the receiver's credentials and address and whether the service behind it is up; the logs name the error.
              |||
            ),
          },
          {
            // What the critical alert leaves: integrations outside its pattern, and clusters in which an instance that
            // fails now and then keeps the minimum below the limit while another fails all the time.
            alert: 'AlertmanagerClusterFailedToSendAlerts',
            expr: |||-
              max by (%(alertmanagerClusterLabels)s, integration) (
                %(failureRatio)s
              ) > %(alertmanagerNotificationFailureThreshold)s
              unless
              %(criticalFailures)s
            ||| % (config { failureRatio: std.strReplace(failureRatio(config.alertmanagerSelector), '\n', '\n  '), criticalFailures: criticalFailures }),
            'for': '5m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'AlertmanagerClusterFailedToSendAlerts',
              'An Alertmanager cluster fails to send some of its notifications.',
              |||-
                In the Alertmanager cluster %(alertmanagerClusterName)s, the worst instance lost {{ $value | humanizePercentage }} of its notifications through {{ $labels.integration }} in the last %(alertmanagerNotificationFailureWindow)s. Either the integration is not rated critical or other instances fail less.
                Check the receiver's credentials and address; the logs name the error.
              |||
            ),
          },
          {
            alert: 'AlertmanagerConfigInconsistent',
            expr: |||-
              count by (%(alertmanagerClusterLabels)s) (
                count_values by (%(alertmanagerClusterLabels)s) ("config_hash", alertmanager_config_hash{%(alertmanagerSelector)s})
              ) != 1
            ||| % config,
            'for': '20m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'AlertmanagerConfigInconsistent',
              'Alertmanager instances of one cluster run different configurations.',
              |||-
                The instances of the Alertmanager cluster %(alertmanagerClusterName)s run {{ $value }} different configurations: which routes and receivers apply depends on the instance that handles an alert.
                Compare the pods' config reloader logs and the reload metrics; an instance that failed to reload is the usual cause.
              |||
            ),
          },
          {
            alert: 'AlertmanagerClusterDown',
            expr: |||-
              (
                count by (%(alertmanagerClusterLabels)s) (
                  avg_over_time(up{%(alertmanagerSelector)s}[%(alertmanagerStateWindow)s]) < %(alertmanagerDownThreshold)s
                )
                /
                count by (%(alertmanagerClusterLabels)s) (up{%(alertmanagerSelector)s})
              ) >= %(alertmanagerClusterLossThreshold)s
            ||| % config,
            'for': '5m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'AlertmanagerClusterDown',
              'Too many Alertmanager instances of one cluster are down.',
              |||-
                {{ $value | humanizePercentage }} of the instances of the Alertmanager cluster %(alertmanagerClusterName)s answered fewer than {{ humanizePercentage %(alertmanagerDownThreshold)s }} of the scrapes in the last %(alertmanagerStateWindow)s: notifications may be delayed or lost.
                Look at the state and events of the pods and whether Prometheus can reach them.
              |||
            ),
          },
          {
            alert: 'AlertmanagerClusterCrashlooping',
            expr: |||-
              (
                count by (%(alertmanagerClusterLabels)s) (
                  changes(process_start_time_seconds{%(alertmanagerSelector)s}[%(alertmanagerRestartWindow)s]) > %(alertmanagerRestartThreshold)s
                )
                /
                count by (%(alertmanagerClusterLabels)s) (up{%(alertmanagerSelector)s})
              ) >= %(alertmanagerClusterLossThreshold)s
            ||| % config,
            'for': '5m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'AlertmanagerClusterCrashlooping',
              'Too many Alertmanager instances of one cluster keep restarting.',
              |||-
                {{ $value | humanizePercentage }} of the instances of the Alertmanager cluster %(alertmanagerClusterName)s restarted more than %(alertmanagerRestartThreshold)s times in the last %(alertmanagerRestartWindow)s: notifications may be delayed or lost.
                The log of the previous container and its last state (out of memory, failed probe) say why.
              |||
            ),
          },
        ],
      },
    ],
  },
}
