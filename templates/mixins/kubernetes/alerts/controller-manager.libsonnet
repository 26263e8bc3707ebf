// The controller manager's targets.
local targets = import 'targets.libsonnet';

function(t) {
  local where = 'Its pods: `kubectl -n kube-system get pods -o wide | grep kube-controller-manager`.',

  name: 'kubernetes-system-controller-manager',
  rules: [
    targets.down('KubeControllerManagerDown', 'Controller manager', t.kubeControllerManagerSelector, 'nothing is scaled, rolled out, replaced or cleaned up any more', where),
    targets.instanceUnreachable(t, 'KubeControllerManagerInstanceUnreachable', 'Controller manager', t.kubeControllerManagerSelector, where),
  ],
}
