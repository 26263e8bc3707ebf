// The targets of kube-proxy, which runs on every node; only with
// `_config.kubeProxy`.
local targets = import 'targets.libsonnet';

function(t) {
  local where = 'Its pods: `kubectl -n kube-system get pods -o wide | grep kube-proxy`.',

  name: 'kubernetes-system-kube-proxy',
  rules: [
    targets.down('KubeProxyDown', 'Kube-proxy', t.kubeProxySelector, 'nodes do not learn of new service endpoints and connections to services begin to fail', where),
    targets.instanceUnreachable(t, 'KubeProxyInstanceUnreachable', 'Kube-proxy', t.kubeProxySelector, where),
  ],
}
