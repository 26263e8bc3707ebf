// The parameters of the Thanos sidecar's alerts, in one table, with the reference's defaults.
// Times between breach and alert (`for`) are not parameters: they are patched in the stack file.
{
  _config+:: {
    // Label matchers in every selector of the sidecar's own metrics.
    thanosSidecarSelector: 'job="thanos-sidecar"',

    // Label matchers for the metrics of the Prometheus beside the sidecar. None by default: the pod says which it is.
    prometheusSelector: '',

    // Labels that the sidecar's series and those of the Prometheus in its pod share.
    thanosSidecarPodLabels: 'namespace, pod',

    // Labels, separated by commas, of an alert about the object store: one alert per sidecar.
    thanosSidecarInstanceLabels: 'namespace, job, instance',

    // Window over which failed operations are counted.
    thanosSidecarWindow: '5m',

    // Address of the page that explains an alert; `%s` becomes the alert's name in lower case.
    runbookURLPattern: 'https://runbooks.prometheus-operator.dev/runbooks/prometheus/%s',
  },
}
