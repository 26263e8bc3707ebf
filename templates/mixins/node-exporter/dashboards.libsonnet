// The dashboards of the node-exporter mixin, by file name. One line each; the
// dashboards are in dashboards/.
{
  grafanaDashboards+:: {
    'nodes.json': (import 'dashboards/nodes.libsonnet')($._config),
    'nodes-darwin.json': (import 'dashboards/nodes-darwin.libsonnet')($._config),
    'nodes-aix.json': (import 'dashboards/nodes-aix.libsonnet')($._config),
    'node-cluster-rsrc-use.json': (import 'dashboards/node-cluster-rsrc-use.libsonnet')($._config),
    'node-rsrc-use.json': (import 'dashboards/node-rsrc-use.libsonnet')($._config),
  },
}
