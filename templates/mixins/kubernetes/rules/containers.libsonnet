// What containers use, with the node that they run on: cAdvisor does not say
// it in a label that outlives relabelling, kube-state-metrics does.

// One series per pod with its node and the value 1; a pod that is reported
// twice (moved, or scraped twice) counts once.
local onNode(t) = |||
  * on (%(cluster)s, namespace, pod) group_left (node)
  topk by (%(cluster)s, namespace, pod) (1,
    max by (%(cluster)s, namespace, pod, node) (kube_pod_info{node!=""})
  )
||| % t;

// cAdvisor also has a series per cgroup above the containers; those have no
// image and would count everything twice.
local containers(t) = '%s, image!=""' % t.cadvisorSelector;

{
  cpu(t):: {
    local use(rate) = |||
      sum by (%(cluster)s, namespace, pod, container) (
        %(rate)s(container_cpu_usage_seconds_total{%(containers)s}[5m])
      )
    ||| % (t { rate: rate, containers: containers(t) }) + onNode(t),

    name: 'k8s.rules.container_cpu_usage_seconds_total',
    rules: [
      {
        record: 'node_namespace_pod_container:container_cpu_usage_seconds_total:sum_rate5m',
        expr: use('rate'),
      },
      {
        // From the last two samples: for graphs of the present moment.
        record: 'node_namespace_pod_container:container_cpu_usage_seconds_total:sum_irate',
        expr: use('irate'),
      },
    ],
  },

  // Groups k8s.rules.container_memory_working_set_bytes, _rss, _cache and _swap.
  memory(kind):: function(t) {
    local metric = 'container_memory_' + kind,

    name: 'k8s.rules.' + metric,
    rules: [
      {
        record: 'node_namespace_pod_container:' + metric,
        expr: '%s{%s}\n' % [metric, containers(t)] + onNode(t),
      },
    ],
  },
}
