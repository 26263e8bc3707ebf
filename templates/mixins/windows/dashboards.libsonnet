// The dashboards of the Windows mixin, by file name. One line each; the
// dashboards are in dashboards/. Most panels read the records of
// rules.libsonnet, so a stack that has the dashboards needs the rules too.
{
  grafanaDashboards+:: {
    'k8s-resources-windows-cluster.json': (import 'dashboards/k8s-resources-windows-cluster.libsonnet')($._config),
    'k8s-resources-windows-namespace.json': (import 'dashboards/k8s-resources-windows-namespace.libsonnet')($._config),
    'k8s-resources-windows-pod.json': (import 'dashboards/k8s-resources-windows-pod.libsonnet')($._config),
    'k8s-windows-cluster-rsrc-use.json': (import 'dashboards/k8s-windows-cluster-rsrc-use.libsonnet')($._config),
    'k8s-windows-node-rsrc-use.json': (import 'dashboards/k8s-windows-node-rsrc-use.libsonnet')($._config),
  },
}
