// The dashboard of Grafana, by file name.
{
  grafanaDashboards+:: {
    'grafana-overview.json': (import 'dashboards/grafana-overview.libsonnet')($._config),
  },
}
