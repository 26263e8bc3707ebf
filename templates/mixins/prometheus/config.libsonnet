// The parameters of the Prometheus alerts, in one table, with the reference installation as defaults.
// Times between breach and alert (`for`) are not parameters: they are patched in the stack file.
{
  _config+:: {
    // Namespace that holds the Prometheus pods.
    namespace: 'monitoring',

    // Job label of the Prometheus targets: the name of their Service, which is `prometheus-` and the resource's name.
    prometheusJob: 'prometheus-k8s',

    // Label matchers in every selector.
    prometheusSelector: 'job="%(prometheusJob)s",namespace="%(namespace)s"' % self,

    // How descriptions call one server: a template over the labels of the alert.
    prometheusName: '{{ $labels.namespace }}/{{ $labels.pod }}',

    // Label that tells clusters apart where several write to one place. Empty within one cluster.
    clusterLabel: 'cluster',

    // Window over which gauges, rates and increases are read, unless another is named below. Ten scrapes, so that a
    // missed scrape or two does not hide a state.
    prometheusWindow: '5m',

    // Window for failed refreshes of service discovery, some of which run only every few minutes.
    prometheusSDRefreshWindow: '10m',

    // Window for failed reloads and compactions of blocks, which Prometheus attempts every two hours.
    prometheusTSDBWindow: '3h',

    // Window for targets that failed to sync, which only happens when the configuration or the targets change.
    prometheusTargetSyncWindow: '30m',

    // How far ahead the notification queue must fit its capacity, in seconds. Half an hour leaves time to act.
    prometheusNotificationQueueHorizonSeconds: 1800,

    // Percentage of notifications that may fail towards a single Alertmanager, the others of the cluster standing in.
    prometheusSomeAlertmanagersErrorPercent: 1,

    // Percentage of notifications that may fail towards every Alertmanager at once. Higher than the one above, since it
    // wakes people.
    prometheusAnyAlertmanagerErrorPercent: 3,

    // Percentage of samples that remote write may fail to deliver for good.
    prometheusRemoteWriteFailurePercent: 1,

    // Whether servers older than 2.23 are watched, whose counters for remote write had other names.
    prometheusRemoteWriteLegacyMetrics: false,

    // Seconds that remote write may be behind the newest sample.
    prometheusRemoteWriteBehindSeconds: 120,

    // Share of the query slots (0 to 1) that may be busy on average. Above it, queries begin to queue.
    prometheusQueryLoadThreshold: 0.8,

    // Address of the page that explains an alert; `%s` becomes the alert's name in lower case.
    runbookURLPattern: 'https://runbooks.prometheus-operator.dev/runbooks/prometheus/%s',

    // Whether the dashboards show the cluster variable.
    showMultiCluster: true,

    // Regular expression (fully anchored) that All clusters stands for in the overview. A single cluster has no cluster
    // label, and '.+' would find nothing there.
    dashboardAllClusters: '.*',

    // Tags of the dashboards, by which Grafana's menus and links find them.
    dashboardTags: ['prometheus-mixin'],

    // Regular expression on data source names that the dashboards offer. Empty: all.
    datasourceFilterRegex: '',
  },
}
