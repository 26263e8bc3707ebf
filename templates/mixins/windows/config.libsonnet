// Parameters of the Windows mixin: recording rules and dashboards of Windows
// nodes and of the containers on them, from windows-exporter. It serves both
// ways to run the exporter: on hosts outside Kubernetes' reach (static targets)
// and as a host-process DaemonSet (`hostProcess`). Holds no expression; those
// are in rules.libsonnet.
{
  _config+:: {
    // How windows-exporter runs. False: as a service of hosts that are static
    // targets, with the labels job and instance only. True: as a host-process
    // DaemonSet scraped through a PodMonitor, with the target labels of a pod.
    // Only the job filter differs; no rule depends on the other target labels.
    hostProcess: false,

    // Label matchers that pick the windows-exporter targets, as written inside
    // {}. Both ways scrape under the job windows-exporter. Static targets may
    // also come from a scrape configuration of the user's that follows the
    // older name kubernetes-windows-exporter.
    windowsExporterSelector:
      if self.hostProcess then 'job="windows-exporter"'
      else 'job=~"(kubernetes-)?windows-exporter"',

    // Label matchers that pick the kube-state-metrics targets: they tell which
    // container of which pod a container id belongs to.
    kubeStateMetricsSelector: 'job="kube-state-metrics"',

    // Label that tells clusters apart. Empty in a single cluster; rules group
    // and dashboards filter on it.
    clusterLabel: 'cluster',

    // Whether dashboards show the cluster variable.
    showMultiCluster: true,

    // Title prefix and tags of the dashboards, how often they reload, and the
    // time zone in which they show times.
    dashboardNamePrefix: 'Kubernetes / ',
    dashboardTags: ['kubernetes-mixin'],
    dashboardRefresh: '10s',
    dashboardTimezone: 'UTC',
    // Smallest step of graphs; twice the scrape interval of 30s.
    dashboardMinStep: '1m',
    // Put before links between dashboards where Grafana serves a sub-path.
    dashboardLinkPrefix: '',

    // Regular expression on data source names that the dashboards offer.
    datasourceFilterRegex: '',
  },
}
