// Alert of Grafana: requests that it answers with server errors of its own.
local annotations = import 'lib/annotations.libsonnet';

{
  local config = $._config,

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'GrafanaAlerts',
        rules: [
          {
            // Only the status code is summed away, so that every handler is
            // judged by its own requests.
            alert: 'GrafanaRequestsFailing',
            expr: |||
              100 * sum without (status_code) (
                %(record)s{handler!~"%(datasourceHandlers)s",status_code=~"5.."}
              )
              /
              sum without (status_code) (
                %(record)s{handler!~"%(datasourceHandlers)s"}
              )
              > %(requestsFailingThreshold)s
            ||| % (config { record:: 'namespace_job_handler_statuscode:grafana_http_request_duration_seconds_count:rate5m' }),
            'for': '5m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'GrafanaRequestsFailing',
              'Grafana answers most requests to one of its handlers with errors.',
              'Grafana ({{ $labels.namespace }}/{{ $labels.job }}) answers {{ printf "%%.0f" $value }}%% of the requests to {{ $labels.handler }} with a server error (5xx). ' +
              'Whoever uses that part of Grafana sees errors. ' +
              'The reason is in the log of the Grafana pods; look for its database, its disk and the last change of its configuration.'
            ) + {
              // Receivers that were set up for this alert read `message`, all
              // others `description`, so it is there under both names.
              message: self.description,
            },
          },
        ],
      },
    ],
  },
}
