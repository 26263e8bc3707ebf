// Workloads that do not run as their owners asked: pods, deployments, stateful
// sets, daemon sets, jobs, autoscalers and disruption budgets.
function(t) {
  name: 'kubernetes-apps',
  rules: [
    {
      alert: 'KubePodCrashLooping',
      expr: |||
        max_over_time(kube_pod_container_status_waiting_reason{%(ksm)s, reason="CrashLoopBackOff"}[%(crashLoopLookback)s]) >= 1
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Container crashes after every start.',
        description: 'Container {{ $labels.container }} of pod {{ $labels.namespace }}/{{ $labels.pod }}%(inCluster)s ends soon after every start, so Kubernetes restarts it after ever longer pauses (CrashLoopBackOff). What it wrote last: `kubectl -n {{ $labels.namespace }} logs {{ $labels.pod }} -c {{ $labels.container }} --previous`.' % t,
      },
    },
    {
      // The owner only decides: `and` keeps the pod's own labels and does not
      // mind several owners or scrapes. Jobs are left out because their pods
      // may wait for a place; KubeJobNotCompleted and KubeJobFailed watch them.
      alert: 'KubePodNotReady',
      local notStarted = |||
        max by (%(cluster)s, namespace, pod, job) (
          kube_pod_status_phase{%(ksm)s, phase=~"Pending|Unknown"}
        ) > 0
      ||| % t,
      local runningUnready = |||
        or
        (
          max by (%(cluster)s, namespace, pod, job) (
            kube_pod_status_ready{%(ksm)s, condition="true"}
          ) == 0
          and on (%(cluster)s, namespace, pod)
          kube_pod_status_phase{%(ksm)s, phase="Running"} == 1
        )
      ||| % t,
      local unowned = |||
        and on (%(cluster)s, namespace, pod)
        kube_pod_owner{owner_kind!="Job"}
      ||| % t,
      expr: if t.podNotReadyIncludesRunning then '(\n' + notStarted + runningUnready + ')\n' + unowned else notStarted + unowned,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Pod is not ready.',
        description: 'Pod {{ $labels.namespace }}/{{ $labels.pod }}%(inCluster)s is not ready: it waits for a node, an image or a volume, its node is lost%(orProbe)s. Its conditions and events tell which: `kubectl -n {{ $labels.namespace }} describe pod {{ $labels.pod }}`.' % (t { orProbe: if t.podNotReadyIncludesRunning then ', or it runs and fails its readiness probe' else '' }),
      },
    },
    {
      alert: 'KubeDeploymentGenerationMismatch',
      expr: |||
        kube_deployment_metadata_generation{%(ksm)s}
        - kube_deployment_status_observed_generation{%(ksm)s}
        != 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Deployment controller has not noticed a change of the deployment.',
        description: 'The controller manager has not acted on the latest change of deployment {{ $labels.namespace }}/{{ $labels.deployment }}%(inCluster)s (generations behind: {{ $value }}), so what runs is not what is written. Either the controller manager is stuck or overloaded, or a failed change was not rolled back: `kubectl -n {{ $labels.namespace }} rollout status deployment {{ $labels.deployment }}`.' % t,
      },
    },
    {
      // A rollout that still replaces pods is spared: its number of updated
      // replicas changes.
      alert: 'KubeDeploymentReplicasMismatch',
      expr: |||
        (
          kube_deployment_spec_replicas{%(ksm)s}
          - kube_deployment_status_replicas_available{%(ksm)s}
          > 0
        )
        and
        changes(kube_deployment_status_replicas_updated{%(ksm)s}[%(rolloutStallWindow)s]) == 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Deployment has fewer available replicas than wanted.',
        description: 'Deployment {{ $labels.namespace }}/{{ $labels.deployment }}%(inCluster)s lacks {{ $value }} of its replicas and has made no progress for %(rolloutStallWindow)s. See which pods are not available and why: `kubectl -n {{ $labels.namespace }} describe deployment {{ $labels.deployment }}`, then its pods.' % t,
      },
    },
    {
      alert: 'KubeDeploymentRolloutStuck',
      expr: |||
        kube_deployment_status_condition{%(ksm)s, condition="Progressing", status="false"} != 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Rollout of a deployment has stopped.',
        description: 'The rollout of deployment {{ $labels.namespace }}/{{ $labels.deployment }}%(inCluster)s has gone beyond its progress deadline; old pods keep serving as far as they are left. See what holds the new pods back with `kubectl -n {{ $labels.namespace }} describe deployment {{ $labels.deployment }}`, or go back with `kubectl -n {{ $labels.namespace }} rollout undo deployment {{ $labels.deployment }}`.' % t,
      },
    },
    {
      alert: 'KubeStatefulSetReplicasMismatch',
      expr: |||
        (
          kube_statefulset_status_replicas_ready{%(ksm)s}
          != kube_statefulset_replicas{%(ksm)s}
        )
        and
        changes(kube_statefulset_status_replicas_updated{%(ksm)s}[%(rolloutStallWindow)s]) == 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Stateful set does not have the wanted number of ready replicas.',
        description: 'Stateful set {{ $labels.namespace }}/{{ $labels.statefulset }}%(inCluster)s does not have as many ready replicas as it asks for (ready: {{ $value }}) and has made no progress for %(rolloutStallWindow)s. Pods are started one after the other, so look at the first one that is not ready: `kubectl -n {{ $labels.namespace }} get pods`, its events and its volume claim.' % t,
      },
    },
    {
      alert: 'KubeStatefulSetGenerationMismatch',
      expr: |||
        kube_statefulset_metadata_generation{%(ksm)s}
        - kube_statefulset_status_observed_generation{%(ksm)s}
        != 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Stateful set controller has not noticed a change of the stateful set.',
        description: 'The controller manager has not acted on the latest change of stateful set {{ $labels.namespace }}/{{ $labels.statefulset }}%(inCluster)s (generations behind: {{ $value }}), so what runs is not what is written. Either the controller manager is stuck or overloaded, or a failed change was not rolled back: `kubectl -n {{ $labels.namespace }} rollout status statefulset {{ $labels.statefulset }}`.' % t,
      },
    },
    {
      // An update is under way (the current revision is not the update
      // revision), not all replicas have it, and none has got it lately.
      alert: 'KubeStatefulSetUpdateNotRolledOut',
      expr: |||
        max by (%(cluster)s, namespace, statefulset, job) (
          kube_statefulset_status_current_revision{%(ksm)s}
          unless
          kube_statefulset_status_update_revision{%(ksm)s}
        )
        and on (%(cluster)s, namespace, statefulset, job)
        (
          kube_statefulset_replicas{%(ksm)s}
          != kube_statefulset_status_replicas_updated{%(ksm)s}
        )
        and on (%(cluster)s, namespace, statefulset, job)
        changes(kube_statefulset_status_replicas_updated{%(ksm)s}[%(updateStallWindow)s]) == 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Update of a stateful set has stopped halfway.',
        description: 'The update of stateful set {{ $labels.namespace }}/{{ $labels.statefulset }}%(inCluster)s has not reached all replicas and has made no progress for %(updateStallWindow)s, so two revisions run side by side. A pod of the new revision that does not become ready holds up the rest: `kubectl -n {{ $labels.namespace }} rollout status statefulset {{ $labels.statefulset }}`. With update strategy OnDelete, pods wait to be deleted by hand.' % t,
      },
    },
    {
      // Four ways to deviate; the first one that holds gives the value.
      alert: 'KubeDaemonSetRolloutStuck',
      expr: |||
        (
          kube_daemonset_status_current_number_scheduled{%(ksm)s}
          != kube_daemonset_status_desired_number_scheduled{%(ksm)s}
        or
          kube_daemonset_status_number_misscheduled{%(ksm)s} != 0
        or
          kube_daemonset_status_updated_number_scheduled{%(ksm)s}
          != kube_daemonset_status_desired_number_scheduled{%(ksm)s}
        or
          kube_daemonset_status_number_available{%(ksm)s}
          != kube_daemonset_status_desired_number_scheduled{%(ksm)s}
        )
        and
        changes(kube_daemonset_status_updated_number_scheduled{%(ksm)s}[%(updateStallWindow)s]) == 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Daemon set does not reach all of its nodes.',
        description: 'Daemon set {{ $labels.namespace }}/{{ $labels.daemonset }}%(inCluster)s does not have an up-to-date and available pod on every node that it is meant for, or has pods on others, and has made no progress for %(updateStallWindow)s. See which nodes are affected: `kubectl -n {{ $labels.namespace }} get pods -o wide`, and `kubectl -n {{ $labels.namespace }} rollout status daemonset {{ $labels.daemonset }}`.' % t,
      },
    },
    {
      // CrashLoopBackOff has KubePodCrashLooping.
      alert: 'KubeContainerWaiting',
      expr: |||
        kube_pod_container_status_waiting_reason{%(ksm)s, reason!="CrashLoopBackOff"} > 0
      ||| % t,
      'for': '1h',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Container has been waiting to start for a long time.',
        description: 'Container {{ $labels.container }} of pod {{ $labels.namespace }}/{{ $labels.pod }}%(inCluster)s does not start, with reason {{ $labels.reason }}. Details are in the events: `kubectl -n {{ $labels.namespace }} describe pod {{ $labels.pod }}`.' % t,
      },
    },
    {
      alert: 'KubeDaemonSetNotScheduled',
      expr: |||
        kube_daemonset_status_desired_number_scheduled{%(ksm)s}
        - kube_daemonset_status_current_number_scheduled{%(ksm)s}
        > 0
      ||| % t,
      'for': '10m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Daemon set has no pod on some of its nodes.',
        description: 'Daemon set {{ $labels.namespace }}/{{ $labels.daemonset }}%(inCluster)s has no pod on {{ $value }} of the nodes that it is meant for. See why pods could not be created: `kubectl -n {{ $labels.namespace }} describe daemonset {{ $labels.daemonset }}`.' % t,
      },
    },
    {
      alert: 'KubeDaemonSetMisScheduled',
      expr: |||
        kube_daemonset_status_number_misscheduled{%(ksm)s} > 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Daemon set runs on nodes that it is not meant for.',
        description: 'Daemon set {{ $labels.namespace }}/{{ $labels.daemonset }}%(inCluster)s has pods on nodes that it is not meant for (nodes: {{ $value }}). Compare its node selector, affinity and tolerations with labels and taints that have changed on the nodes lately.' % t,
      },
    },
    {
      // No hold time: the age is the hold.
      alert: 'KubeJobNotCompleted',
      expr: |||
        time() - max by (%(cluster)s, namespace, job_name) (
          kube_job_status_start_time{%(ksm)s}
          and
          kube_job_status_active{%(ksm)s} > 0
        ) > %(kubeJobTimeoutDuration)d
      ||| % t,
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Job has been running for too long.',
        description: 'Job {{ $labels.namespace }}/{{ $labels.job_name }}%(inCluster)s has been running for {{ $value | humanizeDuration }}; at most {{ %(kubeJobTimeoutDuration)d | humanizeDuration }} are expected. See whether its pods still work or hang: `kubectl -n {{ $labels.namespace }} logs job/{{ $labels.job_name }} --tail 50`.' % t,
      },
    },
    {
      alert: 'KubeJobFailed',
      expr: |||
        kube_job_failed{%(ksm)s} > 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Job has failed.',
        description: 'Job {{ $labels.namespace }}/{{ $labels.job_name }}%(inCluster)s has failed and is not tried again. Find out why (`kubectl -n {{ $labels.namespace }} describe job {{ $labels.job_name }}`, logs of its pods), then delete the job: the alert stays until it is gone.' % t,
      },
    },
    {
      // An autoscaler at one of its bounds cannot move and is left out.
      alert: 'KubeHpaReplicasMismatch',
      expr: |||
        (
          kube_horizontalpodautoscaler_status_desired_replicas{%(ksm)s}
          != kube_horizontalpodautoscaler_status_current_replicas{%(ksm)s}
        )
        and
        (
          kube_horizontalpodautoscaler_status_current_replicas{%(ksm)s}
          > kube_horizontalpodautoscaler_spec_min_replicas{%(ksm)s}
        )
        and
        (
          kube_horizontalpodautoscaler_status_current_replicas{%(ksm)s}
          < kube_horizontalpodautoscaler_spec_max_replicas{%(ksm)s}
        )
        and
        changes(kube_horizontalpodautoscaler_status_current_replicas{%(ksm)s}[%(hpaStallWindow)s]) == 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Horizontal pod autoscaler does not reach the wanted number of replicas.',
        description: 'Horizontal pod autoscaler {{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }}%(inCluster)s does not have the number of replicas that it wants ({{ $value }}), and has not moved for %(hpaStallWindow)s although its bounds allow it. Look at its conditions and events, and at the pods of its target: `kubectl -n {{ $labels.namespace }} describe hpa {{ $labels.horizontalpodautoscaler }}`.' % t,
      },
    },
    {
      // One whose bounds are equal is always at its maximum and is left out.
      alert: 'KubeHpaMaxedOut',
      expr: |||
        (
          kube_horizontalpodautoscaler_status_current_replicas{%(ksm)s}
          == kube_horizontalpodautoscaler_spec_max_replicas{%(ksm)s}
        )
        and on (%(cluster)s, namespace, horizontalpodautoscaler)
        (
          kube_horizontalpodautoscaler_spec_max_replicas{%(ksm)s}
          != kube_horizontalpodautoscaler_spec_min_replicas{%(ksm)s}
        )
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Horizontal pod autoscaler is at its maximum.',
        description: 'Horizontal pod autoscaler {{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }}%(inCluster)s is at its maximum of {{ $value }} replicas; more load will not be answered by more replicas. Check whether the load is real, then raise the maximum or the resources per pod.' % t,
      },
    },
    {
      alert: 'KubePdbNotEnoughHealthyPods',
      expr: |||
        kube_poddisruptionbudget_status_desired_healthy{%(ksm)s}
        - kube_poddisruptionbudget_status_current_healthy{%(ksm)s}
        > 0
      ||| % t,
      'for': '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Fewer healthy pods than a disruption budget demands.',
        description: 'Pod disruption budget {{ $labels.namespace }}/{{ $labels.poddisruptionbudget }}%(inCluster)s has fewer healthy pods than it demands (missing: {{ $value }}). Until they are back, evictions are refused and drains of their nodes hang. See which pods it counts: `kubectl -n {{ $labels.namespace }} describe pdb {{ $labels.poddisruptionbudget }}`.' % t,
      },
    },
  ],
}
