// The parameters of the Kubernetes mixin: every name, threshold and window that
// its alerts, recording rules and dashboards depend on, with the reason of each
// default. Deliberately no expressions and no texts: those are in alerts/,
// rules/ and dashboards/. Hold times (`for`) and severities are not here either,
// because a stack file changes them per alert.
//
// Units are in the name where it has room: Percent is 0 to 100, Seconds are
// plain numbers, Window and Lookback are Prometheus durations ('5m').
{
  _config+:: {
    // ------------------------------------------------- what the cluster has
    // false removes everything that needs the component: its alert groups, its
    // recording groups and its dashboards. Without this, `...Down` alerts fire
    // for ever where a cloud provider runs the component out of sight.
    kubeApiserver: true,
    kubeControllerManager: true,
    kubeScheduler: true,
    // The kubelet job serves the kubelet's own metrics, the volume statistics
    // and cAdvisor. Alerts about nodes that only need kube-state-metrics stay.
    kubelet: true,
    // Alerts about kube-proxy. Off because kube-proxy is often replaced (Cilium) and is not scraped as
    // shipped; whoever adds its PodMonitor turns this on.
    kubeProxy: false,

    // ------------------------------------------------------------ selectors
    // Label matchers without braces, as the ServiceMonitors of the stack name
    // the jobs.
    kubeApiserverSelector: 'job="apiserver"',
    kubeControllerManagerSelector: 'job="kube-controller-manager"',
    kubeSchedulerSelector: 'job="kube-scheduler"',
    kubeProxySelector: 'job="kube-proxy"',
    kubeletSelector: 'job="kubelet", metrics_path="/metrics"',
    cadvisorSelector: 'job="kubelet", metrics_path="/metrics/cadvisor"',
    // Which cAdvisor the networking dashboards ask for the traffic of pods.
    // Empty: any, so that they work wherever it is scraped. Where one of your
    // own runs beside the kubelets', both count the same traffic: name one, for
    // instance as in cadvisorSelector.
    podTrafficSelector: '',
    // Label matchers without braces, as the ServiceMonitors of the stack name
    // the jobs.
    kubeStateMetricsSelector: 'job="kube-state-metrics"',
    nodeExporterSelector: 'job="node-exporter"',

    // Restricts the alerts about workloads, quotas, containers and claims to
    // some namespaces, for instance 'namespace!~"sandbox-.+"'. Empty: all.
    namespaceSelector: '',
    // Further matchers for CPUThrottlingHigh alone, for instance
    // 'container!="batch"', since some containers are throttled on purpose.
    cpuThrottlingSelector: '',
    // Claims with this label of kube_persistentvolumeclaim_labels are left out
    // of the alerts about filling volumes. Takes effect once kube-state-metrics
    // exports claim labels (--metric-labels-allowlist).
    pvExcludedSelector: 'label_excluded_from_alerts="true"',
    // Jobs of DNS servers: they carry kubernetes_build_info with a version line
    // of their own, which says nothing about skew inside the cluster.
    dnsJobs: 'kube-dns|coredns',
    // Real disks and volumes; loop, ram and device-less entries stay out.
    diskDeviceSelector: 'device=~"(/dev/)?(mmcblk.p.+|nvme.+|rbd.+|sd.+|vd.+|xvd.+|dm-.+|md.+|dasd.+)"',

    // ------------------------------------------------------------- clusters
    // The label that tells clusters apart where several write to one
    // Prometheus. All rules group by it; where it is absent it changes nothing.
    clusterLabel: 'cluster',
    // true names the cluster in alert texts (only where the alert has the
    // label) and shows the cluster variable of the dashboards.
    showMultiCluster: true,

    // ------------------------------------------------------------ workloads
    // KubePodCrashLooping: a container leaves back-off for the seconds of each
    // restart; looking back this far keeps the alert from starting anew.
    crashLoopLookback: '5m',
    // KubePodNotReady: true also reports pods in phase Running whose readiness
    // probe fails. false is the behaviour of kube-prometheus, which only sees
    // the phases Pending and Unknown in spite of the alert's name.
    podNotReadyIncludesRunning: true,
    // Replica-mismatch alerts of Deployments and StatefulSets wait until a
    // rollout has not advanced for this long, so a slow rollout is spared.
    rolloutStallWindow: '10m',
    // Alerts about updates of StatefulSets and rollouts of DaemonSets wait until
    // these have not advanced for this long: they go one pod after the other.
    updateStallWindow: '5m',
    // KubeHpaReplicasMismatch: an autoscaler that still moves is spared.
    hpaStallWindow: '15m',
    // KubeJobNotCompleted: seconds a Job may run; half a day is beyond nightly
    // work. Raise it where Jobs are meant to run for days.
    kubeJobTimeoutDuration: 12 * 60 * 60,

    // ------------------------------------------------------------ resources
    // From this many control-plane nodes on a cluster counts as highly
    // available; KubeCPUOvercommit and KubeMemoryOvercommit then ask whether
    // the biggest node can be lost. Three is the smallest etcd quorum that
    // survives a loss.
    highlyAvailableControlPlanes: 3,
    // KubeCPUOvercommit, KubeMemoryOvercommit: true spares clusters with one or
    // two control-plane nodes the question whether the biggest node can be lost:
    // they are told only when the requests exceed the whole cluster. Clusters
    // that show no control-plane node (managed ones) count as highly available.
    // false is the behaviour of kube-prometheus, which asks every cluster.
    overcommitSparesSingleControlPlane: true,
    // KubeCPUQuotaOvercommit, KubeMemoryQuotaOvercommit: quotas may promise
    // this multiple of what the nodes can give, as tenants rarely peak together.
    namespaceOvercommitFactor: 1.5,
    // KubeQuotaAlmostFull: used share of a quota; leaves time to ask for more before pods are refused.
    quotaAlmostFullPercent: 90,
    // CPUThrottlingHigh: share of scheduler periods in which a container hit
    // its limit, and the window of that share. Latency starts to show at about a quarter.
    cpuThrottlingPercent: 25,
    cpuThrottlingWindow: '5m',

    // -------------------------------------------------------------- storage
    // Volumes and their inodes: percentages left below which an alert is due,
    // and past from which the trend is taken. The critical alert needs only the
    // level, the warning also a trend that reaches zero within the forecast.
    volumeCriticalPercent: 3,
    volumeWarningPercent: 15,
    volumeTrendWindow: '6h',
    // Volumes and their inodes: the warning comes when the trend reaches zero
    // within these seconds. Four days bridge a long weekend.
    volumeForecastSeconds: 4 * 24 * 60 * 60,

    // ----------------------------------------------------------- API server
    // The service level objective behind apiserver_request:availability30d,
    // the burn rates and KubeAPIErrorBudgetBurn.
    SLOs: {
      apiserver: {
        // Length of the availability record, in days; also part of its name.
        days: 30,
        // Share of requests that must be answered without a 5xx and in time.
        target: 0.99,
        // Seconds within which an answer counts as in time; they must be
        // bucket bounds of apiserver_request_sli_duration_seconds. A read that
        // covers a namespace or the whole cluster may return large lists.
        latency: { write: 1, readResource: 1, readNamespace: 5, readCluster: 30 },
        // One alert a row: fires while the budget burns `factor` times faster
        // than the objective allows over both windows. The long one proves that
        // it matters, the short one ends the alert soon after recovery. 14.4
        // uses up 2 % of a 30-day budget in 1h, 6 uses 5 % in 6h, 3 uses 10 %
        // in 1d, 1 uses 10 % in 3d. A burn rate is recorded per window named.
        windows: [
          { severity: 'critical', 'for': '2m', long: '1h', short: '5m', factor: 14.4 },
          { severity: 'critical', 'for': '15m', long: '6h', short: '30m', factor: 6 },
          { severity: 'warning', 'for': '1h', long: '1d', short: '2h', factor: 3 },
          { severity: 'warning', 'for': '3h', long: '3d', short: '6h', factor: 1 },
        ],
      },
    },
    // KubeClientErrors: share of calls answered with 5xx, and its window.
    clientErrorsPercent: 1,
    clientErrorsWindow: '5m',
    // KubeAggregatedAPIErrors: an error in each such window, all through the
    // alert's hold time.
    aggregatedAPIErrorsWindow: '1m',
    // KubeAggregatedAPIDown: available less than this share of this window.
    aggregatedAPIAvailabilityPercent: 85,
    aggregatedAPIAvailabilityWindow: '10m',
    // KubeAPITerminatedRequests: share of requests that the API server cut off
    // to protect itself, and its window.
    terminatedRequestsPercent: 20,
    terminatedRequestsWindow: '10m',
    // Certificates of API clients and kubelets: seconds left until they expire
    // from which on an alert is due. A week to act, a day to hurry.
    certExpirationWarningSeconds: 7 * 24 * 60 * 60,
    certExpirationCriticalSeconds: 24 * 60 * 60,

    // ---------------------------------------------------- nodes and kubelets
    // KubeNodePressure: the conditions that mean a node is short of something.
    nodePressureConditions: 'MemoryPressure|DiskPressure|PIDPressure',
    // KubeNodeUnreachable: taints that announce the planned end of a node.
    nodeRemovalTaints: 'ToBeDeletedByClusterAutoscaler|cloud.google.com/impending-node-termination|aws-node-termination-handler/spot-itn',
    // KubeNodeReadinessFlapping: changes within the window that are too many;
    // one outage makes two.
    nodeReadinessChanges: 2,
    nodeReadinessWindow: '15m',
    // KubeletTooManyPods: share of the node's pod capacity.
    kubeletTooManyPodsPercent: 95,
    // KubeNodeEviction: reported as long as an eviction lies in the window.
    kubeletEvictionWindow: '15m',
    // KubeletPlegDurationHigh: seconds that 99 of 100 listings of a node's pods
    // may take; the kubelet relists its pods every second.
    kubeletPlegSeconds: 10,
    // KubeletPodStartUpLatencyHigh: seconds that 99 of 100 pods may take to
    // start, and the window over which that is judged.
    kubeletPodStartUpSeconds: 60,
    kubeletPodStartUpWindow: '5m',
    // Kubelet...CertificateRenewalErrors: an error within the window.
    kubeletRenewalErrorsWindow: '5m',

    // ---------------------------------------------------- texts and dashboards
    // Where alerts link to; %s becomes the alert's name in lower case.
    runbookURLPattern: 'https://runbooks.prometheus-operator.dev/runbooks/kubernetes/%s',

    // Regular expression on names of data sources offered; empty: all.
    datasourceFilterRegex: '',
    // What the dashboards look like.
    grafanaK8s: {
      // Put before the titles of the dashboards.
      dashboardNamePrefix: 'Kubernetes / ',
      // Tags of the dashboards, by which Grafana's menus and links find them.
      dashboardTags: ['kubernetes-mixin'],
      // Put before links between dashboards where Grafana serves a sub-path.
      linkPrefix: '',
      // How often the dashboards reload.
      refresh: '10s',
      // Smallest step of graphs; twice the scrape interval of 30s.
      minimumTimeInterval: '1m',
      // The time zone in which the dashboards show times.
      grafanaTimezone: 'UTC',
    },
  },
}
