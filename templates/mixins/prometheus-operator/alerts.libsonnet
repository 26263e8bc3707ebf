// The alerts about the operator, in the order of the reference. Not here: the health of the servers that it manages,
// which the mixins prometheus and alertmanager watch.
local annotations = import 'lib/annotations.libsonnet';

{
  local config = $._config,

  // Failed operations as a share of all, per controller.
  local failureRatio(failed, all, window) = |||-
    (
      sum by (%(groupLabels)s) (rate(prometheus_operator_%(failed)s{%(prometheusOperatorSelector)s}[%(window)s]))
      /
      sum by (%(groupLabels)s) (rate(prometheus_operator_%(all)s{%(prometheusOperatorSelector)s}[%(window)s]))
    )
  ||| % (config { failed: failed, all: all, window: window }),

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'prometheus-operator',
        rules: [
          {
            alert: 'PrometheusOperatorListErrors',
            expr: '%s > %s' % [
              failureRatio('list_operations_failed_total', 'list_operations_total', config.prometheusOperatorListWindow),
              config.prometheusOperatorListWatchErrorThreshold,
            ],
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusOperatorListErrors',
              'Prometheus operator cannot list objects.',
              |||-
                {{ $value | humanizePercentage }} of the list operations of the controller {{ $labels.controller }} of the operator in {{ $labels.namespace }} failed in the last %(prometheusOperatorListWindow)s: changes of its resources are not seen.
                Check the permissions of the operator's service account and the load of the API server; the operator's log names the kind.
              |||
            ),
          },
          {
            alert: 'PrometheusOperatorWatchErrors',
            expr: '%s > %s' % [
              failureRatio('watch_operations_failed_total', 'watch_operations_total', config.prometheusOperatorWindow),
              config.prometheusOperatorListWatchErrorThreshold,
            ],
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusOperatorWatchErrors',
              'Prometheus operator cannot watch objects.',
              |||-
                {{ $value | humanizePercentage }} of the watch operations of the controller {{ $labels.controller }} of the operator in {{ $labels.namespace }} failed in the last %(prometheusOperatorWindow)s: changes of its resources take effect late or not at all.
                Check the permissions of the operator's service account and the load of the API server; the operator's log names the kind.
              |||
            ),
          },
          {
            alert: 'PrometheusOperatorSyncFailed',
            expr: |||-
              min_over_time(prometheus_operator_syncs{status="failed",%(prometheusOperatorSelector)s}[%(prometheusOperatorWindow)s]) > 0
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusOperatorSyncFailed',
              'Prometheus operator cannot bring resources into their desired state.',
              |||-
                The controller {{ $labels.controller }} of the operator in {{ $labels.namespace }} fails to bring {{ $value }} of its resources into their desired state: what was changed there does not take effect.
                The operator's log and the condition Reconciled in the status of these resources give the reason.
              |||
            ),
          },
          {
            alert: 'PrometheusOperatorReconcileErrors',
            expr: '%s > %s' % [
              failureRatio('reconcile_errors_total', 'reconcile_operations_total', config.prometheusOperatorWindow),
              config.prometheusOperatorReconcileErrorThreshold,
            ],
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusOperatorReconcileErrors',
              'Prometheus operator fails to reconcile resources.',
              |||-
                {{ $value | humanizePercentage }} of the reconciliations of the controller {{ $labels.controller }} of the operator in {{ $labels.namespace }} failed in the last %(prometheusOperatorWindow)s: changes may not take effect.
                The operator's log names the resource; an invalid specification or an object that the API server rejects is the usual cause.
              |||
            ),
          },
          {
            alert: 'PrometheusOperatorStatusUpdateErrors',
            expr: '%s > %s' % [
              failureRatio('status_update_errors_total', 'status_update_operations_total', config.prometheusOperatorWindow),
              config.prometheusOperatorReconcileErrorThreshold,
            ],
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusOperatorStatusUpdateErrors',
              'Prometheus operator fails to update the status of resources.',
              |||-
                {{ $value | humanizePercentage }} of the status updates of the controller {{ $labels.controller }} of the operator in {{ $labels.namespace }} failed in the last %(prometheusOperatorWindow)s: the status of its resources is out of date, even where they work.
                Check that the operator's service account may update the status subresource and that the custom resource definitions fit its version.
              |||
            ),
          },
          {
            alert: 'PrometheusOperatorNodeLookupErrors',
            expr: |||-
              rate(prometheus_operator_node_address_lookup_errors_total{%(prometheusOperatorSelector)s}[%(prometheusOperatorWindow)s]) > %(prometheusOperatorNodeLookupErrorsPerSecond)s
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusOperatorNodeLookupErrors',
              'Prometheus operator cannot find the addresses of nodes.',
              |||-
                The operator in {{ $labels.namespace }} fails to find the address of a node {{ printf "%%.2g" $value }} times per second while it writes the endpoints of the kubelets: these kubelets are not scraped.
                Look for nodes without an address in their status; the operator's log names them.
              |||
            ),
          },
          {
            alert: 'PrometheusOperatorNotReady',
            expr: |||-
              min by (%(groupLabels)s) (
                max_over_time(prometheus_operator_ready{%(prometheusOperatorSelector)s}[%(prometheusOperatorWindow)s]) == 0
              )
            ||| % config,
            'for': '5m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusOperatorNotReady',
              'Prometheus operator is not ready.',
              |||-
                The controller {{ $labels.controller }} of the operator in {{ $labels.namespace }} is not ready to reconcile its resources: none of their changes takes effect.
                Look at the operator's log for caches that do not sync; a missing custom resource definition or permission is the usual cause.
              |||
            ),
          },
          {
            alert: 'PrometheusOperatorRejectedResources',
            expr: |||-
              min_over_time(prometheus_operator_managed_resources{state="rejected",%(prometheusOperatorSelector)s}[%(prometheusOperatorWindow)s]) > 0
            ||| % config,
            'for': '5m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'PrometheusOperatorRejectedResources',
              'Prometheus operator rejects resources as invalid.',
              |||-
                The controller {{ $labels.controller }} of the operator in {{ $labels.namespace }} rejects {{ $value }} resources of kind {{ $labels.resource }} as invalid: what they configure is not in force.
                The operator's log and the events of these resources give the reason.
              |||
            ),
          },
        ],
      },
      {
        name: 'config-reloaders',
        rules: [
          {
            alert: 'ConfigReloaderSidecarErrors',
            expr: |||-
              max_over_time(reloader_last_reload_successful{%(configReloaderSelector)s}[%(prometheusOperatorWindow)s]) == 0
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'ConfigReloaderSidecarErrors',
              'A config reloader cannot hand over the configuration.',
              |||-
                The config reloader of the pod {{ $labels.namespace }}/{{ $labels.pod }} fails to hand a changed configuration over to its server, which keeps running on the one before.
                Its log (container {{ with $labels.container }}{{ . }}{{ else }}config-reloader{{ end }}) says whether the configuration is invalid or the server does not answer.
              |||
            ),
          },
        ],
      },
    ],
  },
}
