// The parameters of the operator's alerts, in one table, with the reference installation as defaults.
// Times between breach and alert (`for`) are not parameters: they are patched in the stack file.
{
  _config+:: {
    // Namespace that holds the operator's pod.
    namespace: 'monitoring',

    // Job label of the operator's target: the name of its Service.
    prometheusOperatorJob: 'prometheus-operator',

    // Label matchers in every selector but the one of the config reloaders.
    prometheusOperatorSelector: 'job="%(prometheusOperatorJob)s",namespace="%(namespace)s"' % self,

    // Label matchers for the config reloaders. They run beside every Prometheus and Alertmanager, in any namespace and
    // under any job, so that only series without a namespace are left out.
    configReloaderSelector: 'namespace!=""',

    // Labels, separated by commas, of an alert about a share of failed operations: one alert per controller (the part
    // of the operator that handles one kind of resource) and operator.
    groupLabels: 'cluster, controller, namespace',

    // Window over which gauges and rates are read, unless another is named below.
    prometheusOperatorWindow: '5m',

    // Window for failed list operations, which are much rarer than all others.
    prometheusOperatorListWindow: '10m',

    // Share (0 to 1) of list and watch operations that may fail. High, since watches break and resume as a matter of
    // course.
    prometheusOperatorListWatchErrorThreshold: 0.4,

    // Share (0 to 1) of reconciliations and of status updates that may fail. Conflicts with other writers are normal
    // now and then and are retried.
    prometheusOperatorReconcileErrorThreshold: 0.1,

    // Failed look-ups of node addresses per second that are tolerated.
    prometheusOperatorNodeLookupErrorsPerSecond: 0.1,

    // Address of the page that explains an alert; `%s` becomes the alert's name in lower case.
    runbookURLPattern: 'https://runbooks.prometheus-operator.dev/runbooks/prometheus-operator/%s',
  },
}
