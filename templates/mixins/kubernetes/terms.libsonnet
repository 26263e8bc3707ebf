// The terms that expressions and texts of this mixin are put together from: the
// parameters, and what follows from them. Deliberately no parameter of its own:
// those are in config.libsonnet.
function(config) config {
  local with(selector) = std.join(', ', [s for s in [selector, config.namespaceSelector] if s != '']),

  // The label name of the cluster, short because nearly every grouping has it.
  cluster: config.clusterLabel,
  // Named in texts only where the alert carries the label: in a single cluster
  // the label is added on sending and the text stays clean.
  inCluster: if config.showMultiCluster then '{{ with $labels.%s }} in cluster {{ . }}{{ end }}' % config.clusterLabel else '',
  ofCluster: if config.showMultiCluster then '{{ with $labels.%s }} of cluster {{ . }}{{ end }}' % config.clusterLabel else '',

  // Series about objects that live in a namespace, as opposed to nodes and
  // volumes, for which the plain selectors are used.
  ksm: with(config.kubeStateMetricsSelector),
  cadvisorContainers: with(config.cadvisorSelector),
  kubeletVolumes: with(config.kubeletSelector),

  // The verbs that the objective of the API server tells apart.
  readVerbs: 'LIST|GET',
  writeVerbs: 'POST|PUT|PATCH|DELETE',
}
