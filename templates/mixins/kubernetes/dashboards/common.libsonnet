// What the dashboards of this mixin share: their frame, their variables, and
// the links from cluster to namespace to workload to pod. Deliberately no
// queries; each dashboard holds its own.
local d = import 'lib/dashboard.libsonnet';

function(config) {
  local k = config.grafanaK8s,

  // A dashboard of this mixin: title prefix, tags, menu and step are the same
  // everywhere.
  dashboard(title, uid, description, variables, panels, from='now-1h')::
    d.dashboard(
      k.dashboardNamePrefix + title,
      uid,
      description,
      variables=[d.variable.datasource(config.datasourceFilterRegex)] + variables,
      panels=panels,
      tags=k.dashboardTags,
      links=[d.dashboardsTagged('Kubernetes', k.dashboardTags)],
      from=from,
      refresh=k.refresh,
      timezone=k.grafanaTimezone,
      minStep=k.minimumTimeInterval,
    ),

  // The matcher of the chosen cluster, as written inside {}.
  inCluster: '%s="$cluster"' % config.clusterLabel,
  // The same and the chosen namespace.
  inNamespace: self.inCluster + ', namespace="$namespace"',

  // The clusters among the targets of a job.
  clusterOf(selector):: d.variable.cluster(config, 'up{%s}' % selector),

  // Namespaces that exist in the chosen cluster.
  namespace: d.variable.label('namespace', 'kube_namespace_status_phase{%s, %s}' % [self.inCluster, config.kubeStateMetricsSelector]),

  // Kinds of workloads in the chosen namespace, and the workloads of a kind.
  workloadType: d.variable.label('type', 'namespace_workload_pod:kube_pod_owner:relabel{%s}' % self.inNamespace, labelName='workload_type', label='workload_type', all=true),
  workload: d.variable.label('workload', 'namespace_workload_pod:kube_pod_owner:relabel{%s, workload_type=~"$type"}' % self.inNamespace, all=true),

  // Links to the dashboards one step closer to the containers. They expect the
  // columns Namespace, Workload, Type or Pod in the row they stand in.
  to:: {
    cluster:: [link('Open this cluster', 'efa86fd1d0c121a26444b636a3f509a8', [], { cluster: 'Cluster' })],
    namespace:: [
      link('Pods of this namespace', '85a562078cdf77779eaa1add43ccec1e', ['cluster'], { namespace: 'Namespace' }),
      link('Workloads of this namespace', 'a87fb0d919ec0ea5f6543124e16c42a5', ['cluster'], { namespace: 'Namespace' }),
    ],
    workload:: [link('Pods of this workload', 'a164a7f0339f99e89cea5cb47e9be617', ['cluster', 'namespace'], { type: 'Type', workload: 'Workload' })],
    workloadOfType:: [link('Pods of this workload', 'a164a7f0339f99e89cea5cb47e9be617', ['cluster', 'namespace', 'type'], { workload: 'Workload' })],
    podOfNamespace:: [link('Open this pod', '6581e46e4e5c7ba40a07646395ef7b23', ['cluster'], { namespace: 'Namespace', pod: 'Pod' })],
    pod:: [link('Open this pod', '6581e46e4e5c7ba40a07646395ef7b23', ['cluster', 'namespace'], { pod: 'Pod' })],
    networkOfNamespace:: [
      link('Network of its pods', '8b7a8b326d7a6f1f04244066368c67af', ['cluster'], { namespace: 'Namespace' }),
      link('Network of its workloads', 'bbb2a765a623ae38130206c7d94a160f', ['cluster'], { namespace: 'Namespace' }),
    ],
    networkOfWorkload:: [link('Network of this workload', '728bf77cc1166d2f3133bf25846876cc', ['cluster', 'namespace'], { type: 'Type', workload: 'Workload' })],
    networkOfPod:: [link('Network of this pod', '7a18067ce943a40ae25454675c19ff5c', ['cluster', 'namespace'], { pod: 'Pod' })],
  },

  local link(title, uid, keep, fields) = d.drilldown(title, uid, keep=keep, fields=fields, prefix=k.linkPrefix),
}
