// The dashboards of Weave Net, by file name.
{
  grafanaDashboards+:: {
    'weave-net.json': (import 'dashboards/weave-net.libsonnet')($._config),
    'weave-net-cluster.json': (import 'dashboards/weave-net-cluster.libsonnet')($._config),
  },
}
