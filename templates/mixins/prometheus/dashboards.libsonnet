// The dashboards of Prometheus, by file name.
{
  grafanaDashboards+:: {
    'prometheus.json': (import 'dashboards/prometheus.libsonnet')($._config),
    'prometheus-remote-write.json': (import 'dashboards/prometheus-remote-write.libsonnet')($._config),
  },
}
