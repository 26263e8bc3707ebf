// The scheduler's targets.
local targets = import 'targets.libsonnet';

function(t) {
  local where = 'Its pods: `kubectl -n kube-system get pods -o wide | grep kube-scheduler`.',

  name: 'kubernetes-system-scheduler',
  rules: [
    targets.down('KubeSchedulerDown', 'Scheduler', t.kubeSchedulerSelector, 'new pods stay pending', where),
    targets.instanceUnreachable(t, 'KubeSchedulerInstanceUnreachable', 'Scheduler', t.kubeSchedulerSelector, where),
  ],
}
