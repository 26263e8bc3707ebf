// Which workload a pod belongs to, as a person would say: the Deployment rather
// than its ReplicaSet, the CronJob rather than its Job. One rule per kind of
// workload, told apart by workload_type.

// Pods that a ReplicaSet or Job owns, joined with the owner of that one on the
// label `link`; its `take` labels replace those of the pod's owner. Where it has
// several owners, one is taken.
local throughOwner(t, kind, link, metric, matchers, take) = |||
  label_replace(
    kube_pod_owner{%(kubeStateMetricsSelector)s, owner_kind="%(kind)s"},
    "%(link)s", "$1", "owner_name", "(.*)"
  )
  * on (%(cluster)s, namespace, %(link)s) group_left (%(take)s)
  topk by (%(cluster)s, namespace, %(link)s) (1,
    max by (%(cluster)s, namespace, %(link)s, owner_kind, owner_name) (
      %(metric)s{%(kubeStateMetricsSelector)s, %(matchers)s}
    )
  )
||| % (t { kind: kind, link: link, metric: metric, matchers: matchers, take: take });
local throughReplicaSet(t, matchers, take='') = throughOwner(t, 'ReplicaSet', 'replicaset', 'kube_replicaset_owner', matchers, take);
local throughJob(t, matchers, take='') = throughOwner(t, 'Job', 'job_name', 'kube_job_owner', matchers, take);

local podsOf(t, matchers) = 'kube_pod_owner{%s, %s}\n' % [t.kubeStateMetricsSelector, matchers];

// Names the workload after label `name` of the series.
local workload(t, type, name, series) = {
  record: 'namespace_workload_pod:kube_pod_owner:relabel',
  expr: |||
    max by (%(cluster)s, namespace, workload, pod) (
      label_replace(
        %(series)s,
        "workload", "$1", "%(name)s", "(.*)"
      )
    )
  ||| % { cluster: t.cluster, name: name, series: std.strReplace(std.rstripChars(series, '\n'), '\n', '\n    ') },
  labels: { workload_type: type },
};

function(t) {
  name: 'k8s.rules.pod_owner',
  rules: [
    workload(t, 'replicaset', 'replicaset', throughReplicaSet(t, 'owner_kind=""')),
    workload(t, 'deployment', 'owner_name', throughReplicaSet(t, 'owner_kind="Deployment"', 'owner_name')),
    workload(t, 'daemonset', 'owner_name', podsOf(t, 'owner_kind="DaemonSet"')),
    workload(t, 'statefulset', 'owner_name', podsOf(t, 'owner_kind="StatefulSet"')),
    workload(t, 'job', 'job_name', throughJob(t, 'owner_kind=~"|Pod"')),
    workload(t, 'barepod', 'pod', podsOf(t, 'owner_kind="", owner_name=""')),
    // Mirror pods of what the kubelet runs from files.
    workload(t, 'staticpod', 'pod', podsOf(t, 'owner_kind="Node"')),
    {
      // Every other owner, such as CronJobs and those of custom resources; the
      // type is the owner's kind as it spells itself.
      record: 'namespace_workload_pod:kube_pod_owner:relabel',
      expr: |||
        group by (%(cluster)s, namespace, workload, workload_type, pod) (
          label_replace(
            label_replace(
              (
                %(jobs)s
              )
              or
              (
                %(replicaSets)s
              )
              or
              %(others)s,
              "workload", "$1", "owner_name", "(.+)"
            ),
            "workload_type", "$1", "owner_kind", "(.+)"
          )
        )
      ||| % {
        local indented(series) = std.strReplace(std.rstripChars(series, '\n'), '\n', '\n        '),
        cluster: t.cluster,
        jobs: indented(throughJob(t, 'owner_kind!~"|Pod"', 'owner_kind, owner_name')),
        replicaSets: indented(throughReplicaSet(t, 'owner_kind!~"|Deployment"', 'owner_kind, owner_name')),
        others: std.rstripChars(podsOf(t, 'owner_kind!~"|ReplicaSet|DaemonSet|StatefulSet|Job|Node"'), '\n'),
      },
    },
  ],
}
