// The API server: its targets, the certificates of its clients, the extension
// API servers behind it, and requests that it cuts off.
local targets = import 'targets.libsonnet';

// Of the certificates that clients have shown lately, the one that ends first
// (the 1st percentile). An API server that nobody has called with a certificate
// has an empty histogram and is left out.
local clientCertificate(t, seconds) = |||
  histogram_quantile(0.01,
    sum without (namespace, service, endpoint) (
      rate(apiserver_client_certificate_expiration_seconds_bucket{%(kubeApiserverSelector)s}[5m])
    )
  ) < %(seconds)d
  and on (%(cluster)s, job, instance)
  apiserver_client_certificate_expiration_seconds_count{%(kubeApiserverSelector)s} > 0
||| % (t { seconds: seconds });

function(t) {
  local where = 'The servers: `kubectl get --raw "/readyz?verbose"`, the endpoints of service default/kubernetes, and their log on the control-plane nodes.',

  name: 'kubernetes-system-apiserver',
  rules: [
    {
      alert: 'KubeClientCertificateExpiration',
      expr: clientCertificate(t, t.certExpirationWarningSeconds),
      'for': '5m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Client certificate for the API server is about to expire.',
        description: 'A client still calls API server {{ $labels.instance }}%(inCluster)s with a certificate that expires in {{ $value | humanizeDuration }}, and will then be refused. API servers do not say whose it is: check kubelets, controller manager, scheduler, administrators (`kubeadm certs check-expiration`) and whoever else uses certificates.' % t,
      },
    },
    {
      alert: 'KubeClientCertificateExpiration',
      expr: clientCertificate(t, t.certExpirationCriticalSeconds),
      'for': '5m',
      labels: { severity: 'critical' },
      annotations: {
        summary: 'Client certificate for the API server expires within hours.',
        description: 'A client still calls API server {{ $labels.instance }}%(inCluster)s with a certificate that expires in {{ $value | humanizeDuration }}, and will then be refused. If it belongs to a kubelet or to the control plane, nodes or the cluster fail. Check kubelets, controller manager, scheduler, administrators (`kubeadm certs check-expiration`) and whoever else uses certificates, and renew now.' % t,
      },
    },
    {
      alert: 'KubeAggregatedAPIErrors',
      expr: |||
        sum by (%(cluster)s, instance, name, reason) (
          increase(aggregator_unavailable_apiservice_total{%(kubeApiserverSelector)s}[%(aggregatedAPIErrorsWindow)s])
        ) > 0
      ||| % t,
      'for': '10m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Extension API is unavailable again and again.',
        description: 'API server {{ $labels.instance }}%(inCluster)s keeps finding the extension API {{ $labels.name }} unavailable (reason {{ $labels.reason }}), so calls to it fail, and deletion of namespaces can hang. See `kubectl describe apiservice {{ $labels.name }}` and the pods of the service that it names.' % t,
      },
    },
    {
      alert: 'KubeAggregatedAPIDown',
      expr: |||
        (
          1 - max by (%(cluster)s, name, namespace) (
            avg_over_time(aggregator_unavailable_apiservice{%(kubeApiserverSelector)s}[%(aggregatedAPIAvailabilityWindow)s])
          )
        ) * 100 < %(aggregatedAPIAvailabilityPercent)g
      ||| % t,
      'for': '5m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Extension API is down.',
        description: 'The extension API {{ $labels.name }}%(inCluster)s was available for only {{ $value | humanize }}%% of the last %(aggregatedAPIAvailabilityWindow)s. Calls to it fail, whatever relies on it stands still (autoscalers on metrics APIs), and deletion of namespaces can hang. See `kubectl describe apiservice {{ $labels.name }}` and the pods of the service that it names.' % t,
      },
    },
    targets.down('KubeAPIDown', 'API server', t.kubeApiserverSelector, 'nothing in the cluster can be changed or healed', where),
    targets.instanceUnreachable(t, 'KubeAPIInstanceUnreachable', 'API server', t.kubeApiserverSelector, where),
    {
      alert: 'KubeAPITerminatedRequests',
      local rate(metric) = 'sum by (%s) (rate(%s{%s}[%s]))' % [t.cluster, metric, t.kubeApiserverSelector, t.terminatedRequestsWindow],
      local terminated = rate('apiserver_request_terminations_total'),
      expr: terminated + '\n/\n(' + terminated + ' + ' + rate('apiserver_request_total') + ')\n> %g' % (t.terminatedRequestsPercent / 100),
      'for': '5m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'API server cuts off requests to protect itself.',
        description: 'The API server%(ofCluster)s cuts off {{ $value | humanizePercentage }} of its requests to protect itself from overload; clients see errors 429 and 503 and try again. Who sends too much: `topk(10, sum by (flow_schema) (rate(apiserver_flowcontrol_rejected_requests_total[%(terminatedRequestsWindow)s])))`; also check its CPU, memory and etcd.' % t,
      },
    },
  ],
}
