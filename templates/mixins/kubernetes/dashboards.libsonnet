// The dashboards of the Kubernetes mixin, by file name. One line each; the
// dashboards are in dashboards/.
{
  grafanaDashboards+:: {
    'k8s-resources-cluster.json': (import 'dashboards/k8s-resources-cluster.libsonnet')($._config),
    'k8s-resources-multicluster.json': (import 'dashboards/k8s-resources-multicluster.libsonnet')($._config),
    'k8s-resources-namespace.json': (import 'dashboards/k8s-resources-namespace.libsonnet')($._config),
    'k8s-resources-workloads-namespace.json': (import 'dashboards/k8s-resources-workloads-namespace.libsonnet')($._config),
    'k8s-resources-workload.json': (import 'dashboards/k8s-resources-workload.libsonnet')($._config),
    'k8s-resources-pod.json': (import 'dashboards/k8s-resources-pod.libsonnet')($._config),
    'k8s-resources-node.json': (import 'dashboards/k8s-resources-node.libsonnet')($._config),
    'k8s-resources-nodes-overview.json': (import 'dashboards/k8s-resources-nodes-overview.libsonnet')($._config),
    [if $._config.kubelet then 'cluster-total.json']: (import 'dashboards/cluster-total.libsonnet')($._config),
    [if $._config.kubelet then 'namespace-by-pod.json']: (import 'dashboards/namespace-by-pod.libsonnet')($._config),
    [if $._config.kubelet then 'namespace-by-workload.json']: (import 'dashboards/namespace-by-workload.libsonnet')($._config),
    [if $._config.kubelet then 'pod-total.json']: (import 'dashboards/pod-total.libsonnet')($._config),
    [if $._config.kubelet then 'workload-total.json']: (import 'dashboards/workload-total.libsonnet')($._config),
    [if $._config.kubeApiserver then 'apiserver.json']: (import 'dashboards/apiserver.libsonnet')($._config),
    [if $._config.kubeControllerManager then 'controller-manager.json']: (import 'dashboards/controller-manager.libsonnet')($._config),
    [if $._config.kubeScheduler then 'scheduler.json']: (import 'dashboards/scheduler.libsonnet')($._config),
    'proxy.json': (import 'dashboards/proxy.libsonnet')($._config),
    [if $._config.kubelet then 'kubelet.json']: (import 'dashboards/kubelet.libsonnet')($._config),
    [if $._config.kubelet then 'persistentvolumesusage.json']: (import 'dashboards/persistentvolumesusage.libsonnet')($._config),
  },
}
