// Promises that the nodes cannot keep: requests and quotas beyond what there
// is, quotas that are used up, containers held back by their CPU limit.

// Requests that do not fit on the nodes: on all of them where the control plane
// is not highly available, elsewhere on those that are left when the biggest
// one is lost. A single node has no such rest, which keeps it out of the second
// branch.
local overcommit(t, resource) =
  local nodes = '(kube_node_status_allocatable{%s, resource="%s"})' % [t.kubeStateMetricsSelector, resource];
  local parts = {
    requested: 'sum by (%s) (namespace_%s:kube_pod_container_resource_requests:sum)' % [t.cluster, resource],
    all: 'sum by (%s) %s' % [t.cluster, nodes],
    biggest: 'max by (%s) %s' % [t.cluster, nodes],
    notHighlyAvailable: 'count by (%(cluster)s) (max by (%(cluster)s, node) (kube_node_role{%(kubeStateMetricsSelector)s, role="control-plane"})) < %(highlyAvailableControlPlanes)d' % t,
    guard: if t.overcommitSparesSingleControlPlane then 'unless\n  ' + self.notHighlyAvailable + '\n' else '',
  };
  |||
    (
      %(requested)s
      -
      %(all)s
      > 0
      and
      %(notHighlyAvailable)s
    )
    or
    (
      %(requested)s
      -
      (
        %(all)s
        -
        %(biggest)s
        > 0
      )
      > 0
      %(guard)s)
  ||| % parts;

// Hard quotas of all namespaces over what the nodes can give. A quota that
// names both `cpu` and `requests.cpu` counts with the smaller of the two.
local quotaOvercommit(t, resource) = |||
  sum by (%(cluster)s) (
    min without (resource) (
      kube_resourcequota{%(ksm)s, type="hard", resource=~"(requests[.])?%(resource)s"}
    )
  )
  /
  sum by (%(cluster)s) (
    kube_node_status_allocatable{%(kubeStateMetricsSelector)s, resource="%(resource)s"}
  )
  > %(namespaceOvercommitFactor)g
||| % (t { resource: resource });

// The used part of each quota entry. Several scrapes of the same entry are
// reduced to one on both sides, or they would break the division.
local quotaUsed(t) = |||
  topk by (%(cluster)s, namespace, resourcequota, resource) (1,
    max without (instance, job, type) (kube_resourcequota{%(ksm)s, type="used"})
  )
  / on (%(cluster)s, namespace, resourcequota, resource) group_left ()
  topk by (%(cluster)s, namespace, resourcequota, resource) (1,
    max without (instance, job, type) (kube_resourcequota{%(ksm)s, type="hard"} > 0)
  )
||| % t;

function(t) {
  name: 'kubernetes-resources',
  rules: [
    {
      alert: 'KubeCPUOvercommit',
      expr: overcommit(t, 'cpu'),
      'for': '10m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Pods request more CPU than the nodes can promise.',
        description: 'All pods%(inCluster)s together request {{ $value | humanize }} CPU more than is left when the biggest node fails (with fewer than %(highlyAvailableControlPlanes)d control-plane nodes: more than all nodes have). Some pods then find no place. Add nodes or lower requests; the greatest are in `topk(10, namespace_cpu:kube_pod_container_resource_requests:sum)`.' % t,
      },
    },
    {
      alert: 'KubeMemoryOvercommit',
      expr: overcommit(t, 'memory'),
      'for': '10m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Pods request more memory than the nodes can promise.',
        description: 'All pods%(inCluster)s together request {{ $value | humanize1024 }}B of memory more than is left when the biggest node fails (with fewer than %(highlyAvailableControlPlanes)d control-plane nodes: more than all nodes have). Some pods then find no place. Add nodes or lower requests; the greatest are in `topk(10, namespace_memory:kube_pod_container_resource_requests:sum)`.' % t,
      },
    },
    {
      alert: 'KubeCPUQuotaOvercommit',
      expr: quotaOvercommit(t, 'cpu'),
      'for': '5m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'CPU quotas of the namespaces add up to far more than the nodes have.',
        description: 'The CPU quotas of all namespaces%(inCluster)s add up to {{ $value | humanizePercentage }} of what the nodes have. If tenants use what they were promised, pods stay pending. Lower quotas or add nodes; the quotas: `kubectl get resourcequota --all-namespaces`.' % t,
      },
    },
    {
      alert: 'KubeMemoryQuotaOvercommit',
      expr: quotaOvercommit(t, 'memory'),
      'for': '5m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Memory quotas of the namespaces add up to far more than the nodes have.',
        description: 'The memory quotas of all namespaces%(inCluster)s add up to {{ $value | humanizePercentage }} of what the nodes have. If tenants use what they were promised, pods stay pending. Lower quotas or add nodes; the quotas: `kubectl get resourcequota --all-namespaces`.' % t,
      },
    },
    {
      // Full is KubeQuotaFullyUsed's.
      alert: 'KubeQuotaAlmostFull',
      expr: quotaUsed(t) + '> %g < 1' % (t.quotaAlmostFullPercent / 100),
      'for': '15m',
      labels: { severity: 'info' },
      annotations: {
        summary: 'Quota of a namespace is about to be used up.',
        description: 'Namespace {{ $labels.namespace }}%(inCluster)s uses {{ $value | humanizePercentage }} of its quota {{ $labels.resourcequota }} for {{ $labels.resource }}. Once it is full, new objects are refused. Free something or ask for more: `kubectl -n {{ $labels.namespace }} describe resourcequota {{ $labels.resourcequota }}`.' % t,
      },
    },
    {
      alert: 'KubeQuotaFullyUsed',
      expr: quotaUsed(t) + '== 1',
      'for': '15m',
      labels: { severity: 'info' },
      annotations: {
        summary: 'Quota of a namespace is used up.',
        description: 'Namespace {{ $labels.namespace }}%(inCluster)s uses {{ $value | humanizePercentage }} of its quota {{ $labels.resourcequota }} for {{ $labels.resource }}: new objects that need it are refused, which can also stop rollouts and restarts. Free something or ask for more: `kubectl -n {{ $labels.namespace }} describe resourcequota {{ $labels.resourcequota }}`.' % t,
      },
    },
    {
      // Happens when a quota is lowered below what is in use.
      alert: 'KubeQuotaExceeded',
      expr: quotaUsed(t) + '> 1',
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Namespace uses more than its quota allows.',
        description: 'Namespace {{ $labels.namespace }}%(inCluster)s uses {{ $value | humanizePercentage }} of its quota {{ $labels.resourcequota }} for {{ $labels.resource }}, probably because the quota was lowered. What runs goes on, but a pod that ends is not replaced. Raise the quota or scale down: `kubectl -n {{ $labels.namespace }} describe resourcequota {{ $labels.resourcequota }}`.' % t,
      },
    },
  ] + (if t.kubelet then [
    {
      // A container that cAdvisor reports twice (an old and a new cgroup)
      // counts once on each side.
      alert: 'CPUThrottlingHigh',
      local periods(metric, matchers) = |||
        sum without (endpoint, id, image, job, metrics_path, name, node) (
          topk by (%(cluster)s, instance, namespace, pod, container) (1,
            increase(%(metric)s{%(matchers)s}[%(cpuThrottlingWindow)s])
          )
        )
      ||| % (t { metric: metric, matchers: std.join(', ', [m for m in [t.cadvisorContainers, matchers, t.cpuThrottlingSelector] if m != '']) }),
      expr: periods('container_cpu_cfs_throttled_periods_total', 'container!=""')
            + '/ on (%(cluster)s, instance, namespace, pod, container) group_left ()\n' % t
            + periods('container_cpu_cfs_periods_total', '')
            + '> %g' % (t.cpuThrottlingPercent / 100),
      'for': '15m',
      labels: { severity: 'info' },
      annotations: {
        summary: 'Container is often held back by its CPU limit.',
        description: 'Container {{ $labels.container }} of pod {{ $labels.namespace }}/{{ $labels.pod }}%(inCluster)s was held back by its CPU limit in {{ $value | humanizePercentage }} of the scheduling periods of the last %(cpuThrottlingWindow)s, so it answers later than it could. If that matters to its users, raise or remove the limit; compare with its use in `node_namespace_pod_container:container_cpu_usage_seconds_total:sum_rate5m`.' % t,
      },
    },
  ] else []),
}
