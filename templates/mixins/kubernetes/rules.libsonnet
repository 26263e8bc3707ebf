// The recording rules of the Kubernetes mixin, in the order in which they are
// installed. Only decides which groups a cluster needs; the groups are in
// rules/.
local terms = import 'terms.libsonnet';
local containers = import 'rules/containers.libsonnet';
local requests = import 'rules/requests.libsonnet';

// The groups, and whether the cluster has what they measure.
local groups(t) = [
  [t.kubeApiserver, import 'rules/apiserver-availability.libsonnet'],
  [t.kubeApiserver, import 'rules/apiserver-burnrate.libsonnet'],
  [t.kubeApiserver, import 'rules/apiserver-histogram.libsonnet'],
  [t.kubelet, containers.cpu],
  [t.kubelet, containers.memory('working_set_bytes')],
  [t.kubelet, containers.memory('rss')],
  [t.kubelet, containers.memory('cache')],
  [t.kubelet, containers.memory('swap')],
  [true, requests('memory', 'requests')],
  [true, requests('cpu', 'requests')],
  [true, requests('memory', 'limits')],
  [true, requests('cpu', 'limits')],
  [true, import 'rules/pod-owner.libsonnet'],
  [t.kubeScheduler, import 'rules/scheduler.libsonnet'],
  [true, import 'rules/node.libsonnet'],
  [t.kubelet, import 'rules/kubelet.libsonnet'],
];

{
  prometheusRules+:: {
    local t = terms($._config),
    groups+: [g[1](t) for g in groups(t) if g[0]],
  },
}
