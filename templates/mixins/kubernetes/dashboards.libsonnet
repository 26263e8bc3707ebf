// The dashboards of the Kubernetes mixin, by file name. One line each; the
// dashboards are in dashboards/.
{
  grafanaDashboards+:: {
    'k8s-resources-cluster.json': (import 'dashboards/k8s-resources-cluster.libsonnet')($._config),
    'k8s-resources-namespace.json': (import 'dashboards/k8s-resources-namespace.libsonnet')($._config),
  },
}
