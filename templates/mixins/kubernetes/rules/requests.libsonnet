// What containers request and what they are limited to, as far as it counts:
// pods that have ended keep their requests but no longer hold anything.

// One series per pod that is waiting or running, with the value 1.
local active(t) = |||
  * on (%(cluster)s, namespace, pod) group_left ()
  max by (%(cluster)s, namespace, pod) (kube_pod_status_phase{phase=~"Pending|Running"} == 1)
||| % t;

// `resource` is memory or cpu, `bound` is requests or limits.
function(resource, bound)
  function(t) {
    local metric = 'kube_pod_container_resource_' + bound,
    local series = '%s{%s, resource="%s"}' % [metric, t.kubeStateMetricsSelector, resource],

    name: 'k8s.rules.container_%s_%s' % [resource, bound],
    rules: [
      {
        record: 'cluster:namespace:pod_%s:active:%s' % [resource, metric],
        expr: series + '\n' + active(t),
      },
      {
        // The maximum per container removes duplicate scrapes.
        record: 'namespace_%s:%s:sum' % [resource, metric],
        expr: |||
          sum by (%(cluster)s, namespace) (
            max by (%(cluster)s, namespace, pod, container) (%(series)s)
            %(active)s
          )
        ||| % (t { series: series, active: std.stripChars(std.strReplace(active(t), '\n', '\n  '), ' \n') }),
      },
    ],
  }
