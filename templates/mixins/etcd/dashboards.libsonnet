// The dashboard of etcd, by file name.
{
  grafanaDashboards+:: {
    'etcd.json': (import 'dashboards/etcd.libsonnet')($._config),
  },
}
