// The alerts about the Thanos sidecar of Prometheus, in the order of the reference. Not here: the other parts of
// Thanos, which the stack does not install.
local annotations = import 'lib/annotations.libsonnet';

{
  local config = $._config,

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'thanos-sidecar',
        rules: [
          {
            alert: 'ThanosSidecarBucketOperationsFailed',
            expr: |||-
              sum by (%(thanosSidecarInstanceLabels)s) (
                rate(thanos_objstore_bucket_operation_failures_total{%(thanosSidecarSelector)s}[%(thanosSidecarWindow)s])
              ) > 0
            ||| % config,
            'for': '5m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'ThanosSidecarBucketOperationsFailed',
              'A Thanos sidecar fails to use its object store.',
              |||-
                The Thanos sidecar {{ $labels.instance }} in {{ $labels.namespace }} has {{ printf "%%.2g" $value }} failed operations per second on its object store: blocks are not uploaded, and are lost once Prometheus' own retention deletes them.
                The sidecar's log names the operation; check the credentials, the bucket and the way to it.
              |||
            ),
          },
          {
            // A server that still replays its write-ahead log does not answer yet, which is no fault.
            alert: 'ThanosSidecarNoConnectionToStartedPrometheus',
            expr: |||-
              thanos_sidecar_prometheus_up{%(thanosSidecarSelector)s} == 0
              and on (%(thanosSidecarPodLabels)s)
              prometheus_tsdb_data_replay_duration_seconds{%(prometheusSelector)s} != 0
            ||| % config,
            'for': '5m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'ThanosSidecarNoConnectionToStartedPrometheus',
              'A Thanos sidecar cannot reach its Prometheus, which has started.',
              |||-
                The Thanos sidecar in pod {{ $labels.namespace }}/{{ $labels.pod }} cannot reach the Prometheus beside it, although that has finished its start: queries through Thanos lack its data, and no blocks are uploaded.
                Compare the address, port and TLS settings of the sidecar with those of the server; the sidecar's log has the error.
              |||
            ),
          },
        ],
      },
    ],
  },
}
