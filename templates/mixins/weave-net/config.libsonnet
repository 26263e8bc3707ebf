// The parameters of the alerts and dashboards of Weave Net, in one table, with the reference's defaults.
// Times between breach and alert (`for`) are not parameters: they are patched in the stack file.
{
  _config+:: {
    // Label matchers in every selector of Weave Net's own metrics.
    weaveNetSelector: 'job="weave-net"',

    // Label that tells clusters apart where several write to one Prometheus. All sums are made within one. Where it is
    // absent it changes nothing.
    clusterLabel: 'cluster',

    // Percentage of all addresses whose owners a router may not reach. The owner of an address is the router that hands
    // it out.
    weaveNetUnreachablePercent: 25,

    // Flows that the fast data path of a whole cluster has at least. How many are usual depends on the size and the
    // traffic of a cluster: read it off the dashboard WeaveNet (Cluster), and set a number below it.
    weaveNetFlowsMinimum: 15000,

    // Connections to peers that a router may lose in a second, and the window over which that is taken.
    weaveNetTerminationsPerSecond: 0.1,
    weaveNetTerminationsWindow: '5m',

    // Failed connections for each router that are no reason for an alert. Set it to 1 where a router is given its own
    // address among those of its peers: it then counts one to itself, which it cannot make and never tries again.
    weaveNetFailedConnectionsPerRouter: 0,

    // Label matchers of the kubelets' own metrics, and of kube-state-metrics: how many pods each node runs and may run.
    kubeletSelector: 'job="kubelet", metrics_path="/metrics"',
    kubeStateMetricsSelector: 'job="kube-state-metrics"',

    // Whether the dashboards show the cluster variable.
    showMultiCluster: true,

    // Tags of the dashboards, by which Grafana's menus and links find them.
    dashboardTags: ['weave-net'],

    // Put before links between dashboards where Grafana serves a sub-path.
    dashboardLinkPrefix: '',

    // Regular expression on data source names that the dashboards offer. Empty: all.
    datasourceFilterRegex: '',
  },
}
