local broker = import 'broker.libsonnet';
{
  prometheusAlerts+:: {
    groups+: [
      broker($._config),
      {
        name: 'queue-workers',
        rules: [
          {
            alert: 'QueueIdle',
            expr: 'rate(queue_worker_jobs_total{%s}[10m]) == 0' % $._config.selector('worker'),
            labels: { severity: 'info' },
            annotations: { summary: 'A worker does nothing.' },
          },
        ],
      },
    ],
  },
}
