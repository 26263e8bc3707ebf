// The alerts of the Kubernetes mixin, in the order in which they are installed.
// Only decides which groups a cluster needs; a group is a file in alerts/.
local terms = import 'terms.libsonnet';

// The groups, and whether the cluster has what they watch.
local groups(t) = [
  [true, import 'alerts/apps.libsonnet'],
  [true, import 'alerts/resources.libsonnet'],
  [true, import 'alerts/storage.libsonnet'],
  [true, import 'alerts/system.libsonnet'],
  [t.kubeApiserver, import 'alerts/apiserver-slos.libsonnet'],
  [t.kubeApiserver, import 'alerts/apiserver.libsonnet'],
  [true, import 'alerts/kubelet.libsonnet'],
  [t.kubeScheduler, import 'alerts/scheduler.libsonnet'],
  [t.kubeControllerManager, import 'alerts/controller-manager.libsonnet'],
  [t.kubeProxy, import 'alerts/kube-proxy.libsonnet'],
];

local withRunbook(pattern, rule) = rule {
  annotations+: { runbook_url: pattern % std.asciiLower(rule.alert) },
};

{
  prometheusAlerts+:: {
    local t = terms($._config),
    groups+: [
      group { rules: [withRunbook(t.runbookURLPattern, rule) for rule in group.rules] }
      for group in [g[1](t) for g in groups(t) if g[0]]
    ],
  },
}
