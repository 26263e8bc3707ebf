// The two alerts that every component of the control plane has: Prometheus
// knows no target of it at all, and one target does not answer. Their names are
// passed in, so that a search for an alert finds the group that it belongs to.
{
  // `effect` completes "if it is really gone, ..."; `where` says how to look at
  // the component itself. The hold time bridges restarts and upgrades.
  down(alert, component, selector, effect, where):: {
    alert: alert,
    expr: 'absent(up{%s})' % selector,
    'for': '15m',
    labels: { severity: 'critical' },
    annotations: {
      summary: '%s has disappeared from Prometheus.' % component,
      description: 'Prometheus does not know a single target of job {{ $labels.job }} any more. If the component is really gone, %s. If it runs, the way to it is broken: its ServiceMonitor or PodMonitor, the labels that this one selects, or the rights of Prometheus. %s' % [effect, where],
    },
  },

  instanceUnreachable(t, alert, component, selector, where):: {
    alert: alert,
    expr: 'up{%s} == 0' % selector,
    'for': '15m',
    labels: { severity: 'warning' },
    annotations: {
      summary: '%s does not answer Prometheus.' % component,
      description: '%s {{ $labels.instance }}%s does not answer Prometheus: it is down, cut off by a network policy, listens on 127.0.0.1 only, or refuses the request. The error is on the targets page of Prometheus under job {{ $labels.job }}. %s' % [component, t.ofCluster, where],
    },
  },
}
