// The alerts of a Prometheus server about itself, in the order of the reference. Not here: the targets that it cannot
// scrape, which are part of the mixin kube-prometheus.
local annotations = import 'lib/annotations.libsonnet';

{
  local config = $._config,

  // Percentage of notifications that failed, per Alertmanager.
  local notificationErrors(selector) = |||-
    rate(prometheus_notifications_errors_total{%(selector)s}[%(window)s])
    /
    rate(prometheus_notifications_sent_total{%(selector)s}[%(window)s])
  ||| % { selector: selector, window: config.prometheusWindow },

  // Share of samples that failed, per remote endpoint. The total counts every attempt, failed ones among them.
  local remoteWriteFailures =
    if config.prometheusRemoteWriteLegacyMetrics then legacyRemoteWriteFailures
    else |||-
      rate(prometheus_remote_storage_samples_failed_total{%(prometheusSelector)s}[%(prometheusWindow)s])
      /
      rate(prometheus_remote_storage_samples_total{%(prometheusSelector)s}[%(prometheusWindow)s])
    ||| % config,

  // The same with the names of both ages. The old total left failed samples out, so they are added here, which for
  // the new one counts them twice.
  local legacyRemoteWriteFailures =
    |||-
      %(failed)s
      /
      (
        %(failed)s
        +
        %(sent)s
      )
    ||| % {
      failed: eitherRate('failed_samples_total', 'samples_failed_total'),
      sent: eitherRate('succeeded_samples_total', 'samples_total'),
    },
  local eitherRate(old, new) =
    '(%s or %s)' % [
      'rate(prometheus_remote_storage_%s{%s}[%s])' % [name, config.prometheusSelector, config.prometheusWindow]
      for name in [old, new]
    ],

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'prometheus',
        rules: [
          {
            alert: 'PrometheusBadConfig',
            expr: |||-
              max_over_time(prometheus_config_last_reload_successful{%(prometheusSelector)s}[%(prometheusWindow)s]) == 0
            ||| % config,
            'for': '10m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'PrometheusBadConfig',
              'Prometheus cannot load its configuration.',
              |||-
                Prometheus %(prometheusName)s rejects the configuration that it was last given and keeps running on an older one: new monitors and rules are not in force, and it would not survive a restart.
                Its log says which file and line are at fault.
              |||
            ),
          },
          {
            alert: 'PrometheusSDRefreshFailure',
            expr: |||-
              increase(prometheus_sd_refresh_failures_total{%(prometheusSelector)s}[%(prometheusSDRefreshWindow)s]) > 0
            ||| % config,
            'for': '20m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusSDRefreshFailure',
              'Prometheus cannot refresh the targets of a service discovery.',
              |||-
                Prometheus %(prometheusName)s keeps failing to refresh targets by {{ $labels.mechanism }}{{ with $labels.config }} for {{ . }}{{ end }}: new targets are not scraped, and targets that are gone look as if they were down.
                Check that the source of the targets answers; the log of the server names the error.
              |||
            ),
          },
          {
            alert: 'PrometheusKubernetesListWatchFailures',
            expr: |||-
              increase(prometheus_sd_kubernetes_failures_total{%(prometheusSelector)s}[%(prometheusWindow)s]) > 0
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusKubernetesListWatchFailures',
              'Prometheus cannot list or watch objects of the Kubernetes API.',
              |||-
                Prometheus %(prometheusName)s had {{ printf "%%.0f" $value }} failed list or watch calls to the Kubernetes API in the last %(prometheusWindow)s: targets in some namespaces may be missing or out of date.
                The usual cause is a Role or RoleBinding that is missing for its service account; the log names kind and namespace.
              |||
            ),
          },
          {
            // The queue is counted per Alertmanager, its capacity is one for all.
            alert: 'PrometheusNotificationQueueRunningFull',
            expr: |||-
              predict_linear(prometheus_notifications_queue_length{%(prometheusSelector)s}[%(prometheusWindow)s], %(prometheusNotificationQueueHorizonSeconds)s)
              > ignoring (alertmanager) group_left
              min_over_time(prometheus_notifications_queue_capacity{%(prometheusSelector)s}[%(prometheusWindow)s])
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusNotificationQueueRunningFull',
              'The queue of alert notifications of Prometheus is about to overflow.',
              |||-
                At its present growth the notification queue of Prometheus %(prometheusName)s{{ with $labels.alertmanager }} towards {{ . }}{{ end }} will hold {{ printf "%%.0f" $value }} alerts in {{ humanizeDuration %(prometheusNotificationQueueHorizonSeconds)s }}, more than it has room for; alerts beyond that are dropped.
                Look for an Alertmanager that is slow or does not answer, or for a flood of alerts.
              |||
            ),
          },
          {
            alert: 'PrometheusErrorSendingAlertsToSomeAlertmanagers',
            expr: |||-
              (
                %(errors)s
              ) * 100 > %(prometheusSomeAlertmanagersErrorPercent)s
            ||| % (config { errors: std.strReplace(notificationErrors(config.prometheusSelector), '\n', '\n  ') }),
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusErrorSendingAlertsToSomeAlertmanagers',
              'Prometheus fails to send alerts to an Alertmanager.',
              |||-
                Prometheus %(prometheusName)s failed to send {{ printf "%%.1f" $value }}%% of its alerts to the Alertmanager {{ $labels.alertmanager }} in the last %(prometheusWindow)s; the other Alertmanagers may still have them.
                Check that this Alertmanager is up and can be reached from the server; the log of the server names the error.
              |||
            ),
          },
          {
            alert: 'PrometheusNotConnectedToAlertmanagers',
            expr: |||-
              max_over_time(prometheus_notifications_alertmanagers_discovered{%(prometheusSelector)s}[%(prometheusWindow)s]) < 1
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusNotConnectedToAlertmanagers',
              'Prometheus knows no Alertmanager.',
              |||-
                Prometheus %(prometheusName)s has not found any Alertmanager: none of its alerts reaches anybody.
                Compare the alerting section of its configuration with the Alertmanager Service and its endpoints, and check that it may discover in that namespace.
              |||
            ),
          },
          {
            alert: 'PrometheusTSDBReloadsFailing',
            expr: |||-
              increase(prometheus_tsdb_reloads_failures_total{%(prometheusSelector)s}[%(prometheusTSDBWindow)s]) > 0
            ||| % config,
            'for': '4h',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusTSDBReloadsFailing',
              'Prometheus cannot reload blocks from its disk.',
              |||-
                Prometheus %(prometheusName)s failed {{ printf "%%.0f" $value }} times to reload data blocks from its disk in the last %(prometheusTSDBWindow)s: old data may be missing from queries, and the disk is not cleared of what has expired.
                The log names the block; a corrupt block or a full or faulty disk is the usual cause.
              |||
            ),
          },
          {
            alert: 'PrometheusTSDBCompactionsFailing',
            expr: |||-
              increase(prometheus_tsdb_compactions_failed_total{%(prometheusSelector)s}[%(prometheusTSDBWindow)s]) > 0
            ||| % config,
            'for': '4h',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusTSDBCompactionsFailing',
              'Prometheus cannot compact its data blocks.',
              |||-
                Prometheus %(prometheusName)s had {{ printf "%%.0f" $value }} failed compactions in the last %(prometheusTSDBWindow)s: memory and disk use grow until it stops for want of either.
                The log names the block and the error; check the free space of its volume first.
              |||
            ),
          },
          {
            // A server without targets and rules has nothing to ingest and is left in peace.
            alert: 'PrometheusNotIngestingSamples',
            expr: |||-
              (
                sum without (type) (rate(prometheus_tsdb_head_samples_appended_total{%(prometheusSelector)s}[%(prometheusWindow)s])) <= 0
                and
                (
                  sum without (scrape_job) (prometheus_target_metadata_cache_entries{%(prometheusSelector)s}) > 0
                  or
                  sum without (rule_group) (prometheus_rule_group_rules{%(prometheusSelector)s}) > 0
                )
              )
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusNotIngestingSamples',
              'Prometheus stores no samples.',
              |||-
                Prometheus %(prometheusName)s has targets or rules but has stored no sample in the last %(prometheusWindow)s: dashboards stand still and alerts that rely on it are blind.
                Check the free space of its volume and its log for failed writes, then the state of its targets.
              |||
            ),
          },
          {
            alert: 'PrometheusDuplicateTimestamps',
            expr: |||-
              rate(prometheus_target_scrapes_sample_duplicate_timestamp_total{%(prometheusSelector)s}[%(prometheusWindow)s]) > 0
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusDuplicateTimestamps',
              'Prometheus drops samples that repeat a timestamp with another value.',
              |||-
                Prometheus %(prometheusName)s drops {{ printf "%%.4g" $value }} samples per second because their series already has another value for the same time: part of the data is lost.
                Two targets or rules write the same series; the log, at debug level, names it. Look for relabelling that removes a label that tells targets apart.
              |||
            ),
          },
          {
            alert: 'PrometheusOutOfOrderTimestamps',
            expr: |||-
              rate(prometheus_target_scrapes_sample_out_of_order_total{%(prometheusSelector)s}[%(prometheusWindow)s]) > 0
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusOutOfOrderTimestamps',
              'Prometheus drops samples that are older than those it has.',
              |||-
                Prometheus %(prometheusName)s drops {{ printf "%%.4g" $value }} samples per second because their series already has newer ones: part of the data is lost.
                Look for a target that sets timestamps of its own or whose clock jumps; the log, at debug level, names the series.
              |||
            ),
          },
          {
            alert: 'PrometheusRemoteStorageFailures',
            expr: |||-
              (
                %(failures)s
              ) * 100 > %(prometheusRemoteWriteFailurePercent)s
            ||| % (config { failures: std.strReplace(remoteWriteFailures, '\n', '\n  ') }),
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'PrometheusRemoteStorageFailures',
              'Prometheus fails to send samples to remote storage.',
              |||-
                Prometheus %(prometheusName)s failed to send {{ printf "%%.1f" $value }}%% of the samples to {{ $labels.remote_name }} ({{ $labels.url }}) in the last %(prometheusWindow)s. They are not sent again: the remote storage has gaps.
                The log shows the answer of the remote end; rejected samples, limits and credentials are the usual causes.
              |||
            ),
          },
          {
            alert: 'PrometheusRemoteWriteBehind',
            expr: |||-
              (
                max_over_time(prometheus_remote_storage_queue_highest_timestamp_seconds{%(prometheusSelector)s}[%(prometheusWindow)s])
                -
                max_over_time(prometheus_remote_storage_queue_highest_sent_timestamp_seconds{%(prometheusSelector)s}[%(prometheusWindow)s])
              ) > %(prometheusRemoteWriteBehindSeconds)s
            ||| % config,
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'PrometheusRemoteWriteBehind',
              'Remote write of Prometheus falls behind.',
              |||-
                Remote write of Prometheus %(prometheusName)s to {{ $labels.remote_name }} ({{ $labels.url }}) is {{ $value | humanizeDuration }} behind. Once it is behind by more than the write-ahead log holds (about two hours), the remote storage loses samples.
                Check that the remote end answers, how fast, and whether the number of shards has reached its maximum.
              |||
            ),
          },
          {
            alert: 'PrometheusRemoteWriteDesiredShards',
            expr: |||-
              max_over_time(prometheus_remote_storage_shards_desired{%(prometheusSelector)s}[%(prometheusWindow)s])
              >
              max_over_time(prometheus_remote_storage_shards_max{%(prometheusSelector)s}[%(prometheusWindow)s])
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config { shardsMax: '`prometheus_remote_storage_shards_max{%(prometheusSelector)s,instance=%%q,remote_name=%%q,url=%%q}`' % config },
              'PrometheusRemoteWriteDesiredShards',
              'Remote write of Prometheus needs more shards than it may use.',
              |||-
                Remote write of Prometheus %(prometheusName)s to {{ $labels.remote_name }} ({{ $labels.url }}) would need {{ printf "%%.0f" $value }} shards to keep up, but may use only {{ with query (printf %(shardsMax)s $labels.instance $labels.remote_name $labels.url) }}{{ . | first | value }}{{ else }}fewer{{ end }}: it will fall behind.
                Find out whether the remote end has become slow; if not, raise `maxShards` in the queue configuration of this remote write.
              |||
            ),
          },
          {
            alert: 'PrometheusRuleFailures',
            expr: |||-
              increase(prometheus_rule_evaluation_failures_total{%(prometheusSelector)s}[%(prometheusWindow)s]) > 0
            ||| % config,
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'PrometheusRuleFailures',
              'Prometheus fails to evaluate rules.',
              |||-
                Prometheus %(prometheusName)s failed to evaluate rules of the group {{ $labels.rule_group }} {{ printf "%%.0f" $value }} times in the last %(prometheusWindow)s: their alerts cannot fire and their records have gaps.
                The page Rules of the server shows the error beside the rule; a join with duplicate series on one side is the usual cause.
              |||
            ),
          },
          {
            alert: 'PrometheusMissingRuleEvaluations',
            expr: |||-
              increase(prometheus_rule_group_iterations_missed_total{%(prometheusSelector)s}[%(prometheusWindow)s]) > 0
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusMissingRuleEvaluations',
              'Prometheus skips evaluations of a rule group.',
              |||-
                Prometheus %(prometheusName)s skipped {{ printf "%%.0f" $value }} evaluations of the rule group {{ $labels.rule_group }} in the last %(prometheusWindow)s because the one before had not finished: alerts come late and records have gaps.
                Compare the duration of the group with its interval on the page Rules; give the server more CPU or the group less work.
              |||
            ),
          },
          {
            alert: 'PrometheusTargetLimitHit',
            expr: |||-
              increase(prometheus_target_scrape_pool_exceeded_target_limit_total{%(prometheusSelector)s}[%(prometheusWindow)s]) > 0
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusTargetLimitHit',
              'Prometheus refuses targets because a scrape pool has too many.',
              |||-
                In Prometheus %(prometheusName)s, scrape pools went over their limit of targets {{ printf "%%.0f" $value }} times in the last %(prometheusWindow)s: none of the targets of such a pool is scraped.
                The page Targets shows which pool; raise `targetLimit` of its monitor or let it select less.
              |||
            ),
          },
          {
            alert: 'PrometheusLabelLimitHit',
            expr: |||-
              increase(prometheus_target_scrape_pool_exceeded_label_limits_total{%(prometheusSelector)s}[%(prometheusWindow)s]) > 0
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusLabelLimitHit',
              'Prometheus drops scrapes because labels are too many or too long.',
              |||-
                Prometheus %(prometheusName)s dropped {{ printf "%%.0f" $value }} scrapes in the last %(prometheusWindow)s because of samples with too many or too long labels: those targets count as down and have no data.
                The page Targets shows which; raise `labelLimit`, `labelNameLengthLimit` or `labelValueLengthLimit` of the monitor or drop labels.
              |||
            ),
          },
          {
            alert: 'PrometheusScrapeBodySizeLimitHit',
            expr: |||-
              increase(prometheus_target_scrapes_exceeded_body_size_limit_total{%(prometheusSelector)s}[%(prometheusWindow)s]) > 0
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusScrapeBodySizeLimitHit',
              'Prometheus drops scrapes because their response is too large.',
              |||-
                Prometheus %(prometheusName)s dropped {{ printf "%%.0f" $value }} scrapes in the last %(prometheusWindow)s because the response was larger than the limit: those targets count as down and have no data.
                The page Targets shows which; reduce what they expose or raise the body size limit.
              |||
            ),
          },
          {
            alert: 'PrometheusScrapeSampleLimitHit',
            expr: |||-
              increase(prometheus_target_scrapes_exceeded_sample_limit_total{%(prometheusSelector)s}[%(prometheusWindow)s]) > 0
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusScrapeSampleLimitHit',
              'Prometheus drops scrapes because they hold too many samples.',
              |||-
                Prometheus %(prometheusName)s dropped {{ printf "%%.0f" $value }} scrapes in the last %(prometheusWindow)s because they held more samples than the limit: those targets count as down and have no data.
                The page Targets shows which; drop series by relabelling or raise `sampleLimit` of the monitor.
              |||
            ),
          },
          {
            alert: 'PrometheusTargetSyncFailure',
            expr: |||-
              increase(prometheus_target_sync_failed_total{%(prometheusSelector)s}[%(prometheusTargetSyncWindow)s]) > 0
            ||| % config,
            'for': '5m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'PrometheusTargetSyncFailure',
              'Prometheus cannot make targets out of what it discovers.',
              |||-
                In Prometheus %(prometheusName)s, targets of the job {{ $labels.scrape_job }} failed to sync {{ printf "%%.0f" $value }} times in the last %(prometheusTargetSyncWindow)s: they are not scraped.
                Relabelling that yields an invalid address or label is the usual cause; the log names the target.
              |||
            ),
          },
          {
            alert: 'PrometheusHighQueryLoad',
            expr: |||-
              avg_over_time(prometheus_engine_queries{%(prometheusSelector)s}[%(prometheusWindow)s])
              /
              max_over_time(prometheus_engine_queries_concurrent_max{%(prometheusSelector)s}[%(prometheusWindow)s])
              > %(prometheusQueryLoadThreshold)s
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusHighQueryLoad',
              'Prometheus is nearly out of query slots.',
              |||-
                Prometheus %(prometheusName)s used {{ $value | humanizePercentage }} of its concurrent query slots on average over the last %(prometheusWindow)s: queries of dashboards and rules begin to wait or time out.
                Look for dashboards with expensive queries or short refresh intervals and for clients that query in a loop; the query log names them.
              |||
            ),
          },
          {
            // The Alertmanager that fares best decides: as long as one takes the alerts, they arrive.
            alert: 'PrometheusErrorSendingAlertsToAnyAlertmanager',
            expr: |||-
              min without (alertmanager) (
                %(errors)s
              ) * 100 > %(prometheusAnyAlertmanagerErrorPercent)s
            ||| % (config { errors: std.strReplace(notificationErrors(config.prometheusSelector + ',alertmanager!=""'), '\n', '\n  ') }),
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'PrometheusErrorSendingAlertsToAnyAlertmanager',
              'Prometheus fails to send alerts to every Alertmanager.',
              |||-
                Prometheus %(prometheusName)s failed to send at least {{ printf "%%.1f" $value }}%% of its alerts to each of its Alertmanagers in the last %(prometheusWindow)s: alerts may reach nobody.
                Check that the Alertmanagers are up and can be reached from the server (network policies, TLS, credentials); the log of the server names the error.
              |||
            ),
          },
        ],
      },
    ],
  },
}
