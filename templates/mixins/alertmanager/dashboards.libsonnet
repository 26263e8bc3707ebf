// The dashboard of Alertmanager, by file name.
{
  grafanaDashboards+:: {
    'alertmanager-overview.json': (import 'dashboards/alertmanager-overview.libsonnet')($._config),
  },
}
