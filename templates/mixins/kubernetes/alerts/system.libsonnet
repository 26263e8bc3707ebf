// What concerns the control plane as a whole.
function(t) {
  name: 'kubernetes-system',
  rules: [
    {
      alert: 'KubeVersionMismatch',
      expr: |||
        count by (%(cluster)s) (
          count by (%(cluster)s, git_version) (
            label_replace(kubernetes_build_info{job!~"%(dnsJobs)s"}, "git_version", "$1", "git_version", "(v[0-9]+[.][0-9]+).*")
          )
        ) > 1
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Kubernetes components run different minor versions.',
        description: 'The Kubernetes components%(ofCluster)s run {{ $value }} different minor versions. That is normal during an upgrade; if none is under way, one was not finished. Who runs what: `count by (job, instance, git_version) (kubernetes_build_info)`.' % t,
      },
    },
  ] + (if t.kubeApiserver then [
    {
      alert: 'KubeClientErrors',
      local calls(matchers) = 'sum by (%s, instance, job, namespace) (rate(rest_client_requests_total{%s%s}[%s]))' % [t.cluster, t.kubeApiserverSelector, matchers, t.clientErrorsWindow],
      expr: calls(', code=~"5.."') + '\n/\n' + calls('') + '\n> %g' % (t.clientErrorsPercent / 100),
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Calls that an API server makes fail.',
        description: 'API server {{ $labels.instance }}%(inCluster)s gets server errors (5xx) for {{ $value | humanizePercentage }} of the calls that it makes itself, mostly to itself. Which hosts answer so: `sum by (host, code) (rate(rest_client_requests_total{instance="{{ $labels.instance }}", code=~"5.."}[%(clientErrorsWindow)s]))`.' % t,
      },
    },
  ] else []),
}
