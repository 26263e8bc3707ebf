// The parameters of the Alertmanager alerts, in one table, with the reference installation as defaults.
// Times between breach and alert (`for`) are not parameters: they are patched in the stack file.
{
  _config+:: {
    // Namespace that holds the Alertmanager pods.
    namespace: 'monitoring',

    // Job label of the Alertmanager targets: the name of their Service, which is `alertmanager-` and the resource's name.
    alertmanagerJob: 'alertmanager-main',

    // Label matchers in every selector. The container keeps out the config reloader, which the same job scrapes.
    alertmanagerSelector: 'job="%(alertmanagerJob)s",container="alertmanager",namespace="%(namespace)s"' % self,

    // Labels, separated by commas, that all members of one Alertmanager cluster share and no other cluster has.
    alertmanagerClusterLabels: 'namespace, service',

    // How descriptions call one instance and one cluster: templates over the labels of the alert.
    // The second may only use `alertmanagerClusterLabels`.
    alertmanagerName: '{{ $labels.namespace }}/{{ $labels.pod }}',
    alertmanagerClusterName: '{{ $labels.namespace }}/{{ $labels.service }}',

    // Integrations (a regular expression over names such as `pagerduty` or `email`) whose failure is critical.
    // By default every one, because in most installations any of them may be the only way to a person.
    alertmanagerCriticalIntegrationsRegEx: '.*',

    // Share of notifications (0 to 1) that may fail, and the window over which the share is taken.
    // One lost notification in a hundred is more than a receiver's hiccup, and 15 minutes hold enough of them to judge.
    alertmanagerNotificationFailureThreshold: 0.01,
    alertmanagerNotificationFailureWindow: '15m',

    // Window over which gauges and `up` are read, so that a missed scrape or two does not hide a state. Ten scrapes.
    alertmanagerStateWindow: '5m',

    // Share of a cluster's instances (0 to 1) that are down or crash-looping from which the cluster counts as lost.
    // Half, because the other half may be on the wrong side of a partition.
    alertmanagerClusterLossThreshold: 0.5,

    // Share of scrapes (0 to 1) in `alertmanagerStateWindow` below which an instance counts as down.
    alertmanagerDownThreshold: 0.5,

    // An instance is crash-looping after more than so many restarts within the window.
    alertmanagerRestartThreshold: 4,
    alertmanagerRestartWindow: '10m',

    // Address of the page that explains an alert; `%s` becomes the alert's name in lower case.
    runbookURLPattern: 'https://runbooks.prometheus-operator.dev/runbooks/alertmanager/%s',

    // Tags of the dashboard, by which Grafana's menus and links find it.
    dashboardTags: ['alertmanager-mixin'],

    // Regular expression on data source names that the dashboard offers. Empty: all.
    datasourceFilterRegex: '',
  },
}
