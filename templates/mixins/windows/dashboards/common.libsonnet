// What the dashboards of Windows nodes and containers share: their frame, their
// variables, and the panels of use against requests and limits, which look the
// same for namespaces, pods and containers.
local d = import 'lib/dashboard.libsonnet';

function(config) {
  // A dashboard of this mixin. It stands in the menu of the Kubernetes ones.
  dashboard(title, uid, description, variables, panels)::
    d.dashboard(
      config.dashboardNamePrefix + title,
      uid,
      description,
      variables=[d.variable.datasource(config.datasourceFilterRegex), cluster] + variables,
      panels=panels,
      tags=config.dashboardTags,
      links=[d.dashboardsTagged('Kubernetes', config.dashboardTags)],
      refresh=config.dashboardRefresh,
      timezone=config.dashboardTimezone,
      minStep=config.dashboardMinStep,
    ),

  local cluster = d.variable.cluster(config, 'up{%s}' % config.windowsExporterSelector),
  // Matchers of the chosen cluster, and of what is chosen within it.
  inCluster: '%s="$cluster"' % config.clusterLabel,
  inNamespace: self.inCluster + ', namespace="$namespace"',
  inPod: self.inNamespace + ', pod="$pod"',
  onInstance: self.inCluster + ', instance="$instance"',

  // Namespaces and pods with Windows containers, and Windows nodes; the latter
  // also while they cannot be scraped.
  namespace: d.variable.label('namespace', 'windows_pod_container_available{%s}' % self.inCluster),
  pod: d.variable.label('pod', 'windows_pod_container_available{%s}' % self.inNamespace),
  instance: d.variable.label('instance', 'up{%s, %s}' % [self.inCluster, config.windowsExporterSelector]),

  // Links to the dashboards one step closer to the containers.
  to:: {
    namespace:: [link('Windows pods of this namespace', '490b402361724ab1d4c45666c1fa9b6f', ['cluster'], { namespace: 'Namespace' })],
    pod:: [link('Open this Windows pod', '40597a704a610e936dc6ed374a7ce023', ['cluster', 'namespace'], { pod: 'Pod' })],
  },

  share(part, whole):: '%s\n/\n%s' % [part, whole],

  // Use, requests and limits of Windows containers, by a label, among the
  // series that `where` matches.
  cpu(by, where):: use(by, where, 'namespace_pod_container:windows_container_cpu_usage_seconds_total:sum_rate', 'cpu_cores'),
  memory(by, where):: use(by, where, 'windows_container_private_working_set_usage', 'memory'),

  // The graph of a use, and the table of it against requests and limits.
  useGraph(title, unit, description, use):: d.timeseries(title, unit, description, [d.query(use.used)], w=24, stack=true, min=0),
  quotaTable(title, unit, description, resource, use, row)::
    d.table(title, unit, description, [row], [
      d.column(resource + ' Usage', use.used),
      d.column(resource + ' Requests', use.requests),
      d.column(resource + ' Requests %', self.share(use.used, use.requests), 'percentunit'),
      d.column(resource + ' Limits', use.limits),
      d.column(resource + ' Limits %', self.share(use.used, use.limits), 'percentunit'),
    ]),

  local use(by, where, used, resource) =
    local sum(metric) = 'sum by (%s) (%s{%s})' % [by, metric, where];
    {
      used: sum(used),
      requests: sum('kube_pod_windows_container_resource_%s_request' % resource),
      limits: sum('kube_pod_windows_container_resource_%s_limit' % resource),
    },
  local link(title, uid, keep, fields) = d.drilldown(title, uid, keep=keep, fields=fields, prefix=config.dashboardLinkPrefix),
}
