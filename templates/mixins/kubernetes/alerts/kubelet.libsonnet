// Nodes and their kubelets. The alerts about nodes need only kube-state-metrics
// and stay where the kubelets are not scraped (`_config.kubelet: false`).

// A node that was cordoned is expected to misbehave.
local notCordoned(t) = |||
  and on (%(cluster)s, node)
  kube_node_spec_unschedulable{%(kubeStateMetricsSelector)s} == 0
||| % t;

// Adds the name of the node to a kubelet's series without changing the value.
local onNode(t) = |||
  * on (%(cluster)s, instance) group_left (node)
  max by (%(cluster)s, instance, node) (kubelet_node_name{%(kubeletSelector)s})
||| % t;

local expires = '{{ if gt $value 0.0 }}expires in {{ $value | humanizeDuration }}{{ else }}has expired{{ end }}';

local atNode = 'Look at the node: `kubectl describe node {{ $labels.node }}`, then its kubelet (`journalctl -u kubelet`) and container runtime.';

function(t) {
  local ifScraped(rules) = if t.kubelet then rules else [],

  name: 'kubernetes-system-kubelet',
  rules: [
    {
      alert: 'KubeNodeNotReady',
      expr: |||
        kube_node_status_condition{%(kubeStateMetricsSelector)s, condition="Ready", status="true"} == 0
      ||| % t + notCordoned(t),
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Node is not ready.',
        description: 'Node {{ $labels.node }}%(inCluster)s is not ready. It gets no new pods, and those on it are replaced elsewhere, as far as their kind and volumes allow. ' % t + atNode,
      },
    },
    {
      alert: 'KubeNodePressure',
      expr: |||
        kube_node_status_condition{%(kubeStateMetricsSelector)s, condition=~"%(nodePressureConditions)s", status="true"} == 1
      ||| % t + notCordoned(t),
      'for': '10m',
      labels: { severity: 'info' },
      annotations: {
        summary: 'Node is short of memory, disk space or process numbers.',
        description: 'Node {{ $labels.node }}%(inCluster)s reports {{ $labels.condition }}: its kubelet refuses pods and evicts some to win back what is short. What uses most: `kubectl describe node {{ $labels.node }}`, and the dashboards of the node.' % t,
      },
    },
    {
      // A node that is being removed on purpose carries one more taint with the
      // same effect.
      alert: 'KubeNodeUnreachable',
      expr: |||
        kube_node_spec_taint{%(kubeStateMetricsSelector)s, key="node.kubernetes.io/unreachable", effect="NoSchedule"} == 1
        unless ignoring (key, value)
        kube_node_spec_taint{%(kubeStateMetricsSelector)s, key=~"%(nodeRemovalTaints)s"} == 1
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Node cannot be reached.',
        description: 'The control plane does not hear from node {{ $labels.node }}%(inCluster)s any more: its machine, its network or its kubelet is down. Pods on it may be running on unseen while replacements start elsewhere. Check the machine in the console of its provider, then `kubectl describe node {{ $labels.node }}`.' % t,
      },
    },
  ] + ifScraped([
    {
      // Kubelets without pods of their own and nodes with room for one pod are
      // virtual ones.
      alert: 'KubeletTooManyPods',
      expr: |||
        (
          max by (%(cluster)s, instance) (kubelet_running_pods{%(kubeletSelector)s} > 1)
          * on (%(cluster)s, instance) group_left (node)
          max by (%(cluster)s, instance, node) (kubelet_node_name{%(kubeletSelector)s})
        )
        / on (%(cluster)s, node) group_left ()
        max by (%(cluster)s, node) (
          kube_node_status_capacity{%(kubeStateMetricsSelector)s, resource="pods"} != 1
        )
        > %(level)g
      ||| % (t { level: t.kubeletTooManyPodsPercent / 100 }),
      'for': '15m',
      labels: { severity: 'info' },
      annotations: {
        summary: 'Node has hardly any room for more pods.',
        description: 'Node {{ $labels.node }}%(inCluster)s runs {{ $value | humanizePercentage }} of the pods that it may run. At the limit, pods that must run there (daemon sets) stay pending, even if it has CPU and memory to spare. Move or remove pods, add nodes, or raise the limit of the kubelet.' % t,
      },
    },
  ]) + [
    {
      alert: 'KubeNodeReadinessFlapping',
      expr: |||
        sum by (%(cluster)s, node) (
          changes(kube_node_status_condition{%(kubeStateMetricsSelector)s, condition="Ready", status="true"}[%(nodeReadinessWindow)s])
        ) > %(nodeReadinessChanges)g
      ||| % t + notCordoned(t),
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Node keeps changing between ready and not ready.',
        description: 'Node {{ $labels.node }}%(inCluster)s changed between ready and not ready {{ $value }} times in %(nodeReadinessWindow)s, which moves its pods in and out of service. Typical causes are an overloaded machine, a flaky network or a hanging container runtime. ' % t + atNode,
      },
    },
  ] + ifScraped([
    {
      alert: 'KubeNodeEviction',
      expr: |||
        sum by (%(cluster)s, instance, eviction_signal) (
          rate(kubelet_evictions{%(kubeletSelector)s}[%(kubeletEvictionWindow)s])
        )
      ||| % t + onNode(t) + '> 0',
      'for': '0s',
      labels: { severity: 'info' },
      annotations: {
        summary: 'Node evicts pods.',
        description: 'Node {{ $labels.node }}%(inCluster)s has evicted pods within the last %(kubeletEvictionWindow)s because it ran short: {{ $labels.eviction_signal }} fell below its limit. Which pods: `kubectl get events --all-namespaces --field-selector reason=Evicted`. Pods without requests go first; set requests that match their use.' % t,
      },
    },
    {
      alert: 'KubeletPlegDurationHigh',
      expr: |||
        node_quantile:kubelet_pleg_relist_duration_seconds:histogram_quantile{quantile="0.99"} >= %(kubeletPlegSeconds)g
      ||| % t,
      'for': '5m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Kubelet takes long to see what its containers do.',
        description: 'The kubelet of node {{ $labels.node }}%(inCluster)s takes {{ $value | humanizeDuration }} or more (99th percentile) to list its containers, which should take well under a second. It notices late when containers stop, and the node turns not ready at three minutes. Usually the container runtime or its disk is overloaded: `crictl ps`, `journalctl -u containerd`.' % t,
      },
    },
    {
      // Two histograms tell. The worker's ends at 10 s in present kubelets, so
      // with them only the start-up one, which leaves out image pulls and init
      // containers, can pass the limit. A kubelet that is scraped twice counts
      // once.
      alert: 'KubeletPodStartUpLatencyHigh',
      local slow(metric, keys) = |||
        (
          histogram_quantile(0.99,
            sum by (%(cluster)s, instance, le) (
              topk by (%(keys)s) (1,
                rate(%(metric)s_bucket{%(kubeletSelector)s}[%(kubeletPodStartUpWindow)s])
              )
            )
          )
          > %(kubeletPodStartUpSeconds)g
        )
      ||| % (t { metric: metric, keys: std.join(', ', [t.cluster, 'instance', 'le'] + keys) }),
      expr: '(\n' + slow('kubelet_pod_worker_duration_seconds', ['operation_type']) + 'or\n' + slow('kubelet_pod_start_sli_duration_seconds', []) + ')\n' + onNode(t),
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Kubelet takes long to start pods.',
        description: 'The kubelet of node {{ $labels.node }}%(inCluster)s takes {{ $value | humanizeDuration }} (99th percentile) to start or change a pod, image pulls not counted, so starts and updates on it drag on. Slow volumes or networks and an overloaded container runtime are the usual causes: `kubectl get events --all-namespaces --field-selector source=kubelet`, `journalctl -u kubelet` on the node.' % t,
      },
    },
    {
      // No hold time: a certificate does not recover by itself. An expired one
      // has a negative rest and keeps the alert firing.
      alert: 'KubeletClientCertificateExpiration',
      expr: 'kubelet_certificate_manager_client_ttl_seconds < %d' % t.certExpirationWarningSeconds,
      labels: { severity: 'warning' },
      annotations: {
        summary: "Kubelet's client certificate is about to expire.",
        description: 'The client certificate of the kubelet of node {{ $labels.node }}%(inCluster)s %(expires)s; without it, the node is lost to the cluster. Kubelets renew it in time by themselves, so renewal has failed or is off: `kubectl get csr`, `journalctl -u kubelet` on the node.' % (t { expires: expires }),
      },
    },
    {
      alert: 'KubeletClientCertificateExpiration',
      expr: 'kubelet_certificate_manager_client_ttl_seconds < %d' % t.certExpirationCriticalSeconds,
      labels: { severity: 'critical' },
      annotations: {
        summary: "Kubelet's client certificate expires within hours.",
        description: 'The client certificate of the kubelet of node {{ $labels.node }}%(inCluster)s %(expires)s; without it, the node is lost to the cluster. Approve its pending request (`kubectl get csr`) or give it a new bootstrap token now; the log: `journalctl -u kubelet` on the node.' % (t { expires: expires }),
      },
    },
    {
      alert: 'KubeletServerCertificateExpiration',
      expr: 'kubelet_certificate_manager_server_ttl_seconds < %d' % t.certExpirationWarningSeconds,
      labels: { severity: 'warning' },
      annotations: {
        summary: "Kubelet's server certificate is about to expire.",
        description: 'The server certificate of the kubelet of node {{ $labels.node }}%(inCluster)s %(expires)s; without it, logs, exec and metrics of its pods fail. Requests for server certificates must be approved: `kubectl get csr`, `journalctl -u kubelet` on the node.' % (t { expires: expires }),
      },
    },
    {
      alert: 'KubeletServerCertificateExpiration',
      expr: 'kubelet_certificate_manager_server_ttl_seconds < %d' % t.certExpirationCriticalSeconds,
      labels: { severity: 'critical' },
      annotations: {
        summary: "Kubelet's server certificate expires within hours.",
        description: 'The server certificate of the kubelet of node {{ $labels.node }}%(inCluster)s %(expires)s; without it, logs, exec and metrics of its pods fail. Approve its pending request now: `kubectl get csr`; the log: `journalctl -u kubelet` on the node.' % (t { expires: expires }),
      },
    },
    {
      alert: 'KubeletClientCertificateRenewalErrors',
      expr: 'increase(kubelet_certificate_manager_client_expiration_renew_errors[%(kubeletRenewalErrorsWindow)s]) > 0' % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Kubelet fails to renew its client certificate.',
        description: 'The kubelet of node {{ $labels.node }}%(inCluster)s keeps failing to renew its client certificate ({{ $value | humanize }} errors in the last %(kubeletRenewalErrorsWindow)s). When the present one expires, the node is lost to the cluster. See `kubectl get csr` and `journalctl -u kubelet` on the node.' % t,
      },
    },
    {
      alert: 'KubeletServerCertificateRenewalErrors',
      expr: 'increase(kubelet_server_expiration_renew_errors[%(kubeletRenewalErrorsWindow)s]) > 0' % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Kubelet fails to renew its server certificate.',
        description: 'The kubelet of node {{ $labels.node }}%(inCluster)s keeps failing to renew its server certificate ({{ $value | humanize }} errors in the last %(kubeletRenewalErrorsWindow)s). When the present one expires, logs, exec and metrics of its pods fail. See `kubectl get csr` and `journalctl -u kubelet` on the node.' % t,
      },
    },
    {
      // The main path only: the others of a kubelet fail together with it.
      alert: 'KubeletInstanceUnreachable',
      expr: 'up{%(kubeletSelector)s} == 0' % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Kubelet does not answer Prometheus.',
        description: 'The kubelet {{ $labels.instance }} of node {{ $labels.node }}%(inCluster)s does not answer Prometheus, so metrics of its pods and volumes are missing, and the alerts that need them are blind. The error is on the targets page of Prometheus under job {{ $labels.job }}. ' % t + atNode,
      },
    },
    {
      // By cluster, which `absent` cannot do: nodes exist, but no kubelet of
      // that cluster answers.
      alert: 'KubeletDown',
      expr: |||
        count by (%(cluster)s) (kube_node_info{%(kubeStateMetricsSelector)s})
        unless
        count by (%(cluster)s) (up{%(kubeletSelector)s} == 1)
      ||| % t,
      'for': '15m',
      labels: { severity: 'critical' },
      annotations: {
        summary: 'No kubelet answers Prometheus.',
        description: 'No kubelet%(inCluster)s answers Prometheus (nodes: {{ $value }}), so all metrics of containers and volumes are missing. A change of rights, certificates, network policies or of the kubelet Service is likelier than the failure of all nodes: see the targets page of Prometheus.' % t,
      },
    },
  ]),
}
