// What the dashboards of Kubernetes' own programs share: the choice of an
// instance, the calls that a program makes to the API server, its work queues,
// and how the process fares. Deliberately nothing of what a program is for.
local d = import 'lib/dashboard.libsonnet';

// `selector` picks the targets of the program, `who` names it in texts.
function(config, selector, who)
  local k = (import 'common.libsonnet')(config);
  local targets = '%s, %s' % [k.inCluster, selector];
  local chosen = '%s, instance=~"$instance", %s' % [k.inCluster, selector];

  {
    // -------------------------------------------------------------- variables
    variables: [
      k.clusterOf(selector),
      d.variable.label('instance', 'up{%s}' % targets, all=true, allValue='.+'),
    ],

    // ---------------------------------------------------------------- queries
    // The matchers of all targets, and those of the chosen instances.
    targets: targets,
    chosen: chosen,

    total(metric, matchers=''):: 'sum(%s{%s%s})' % [metric, matchers, chosen],
    rate(by, metric, matchers=''):: 'sum by (%s) (rate(%s{%s%s}[$__rate_interval]))' % [by, metric, matchers, chosen],
    totalRate(metric, matchers=''):: 'sum(rate(%s{%s%s}[$__rate_interval]))' % [metric, matchers, chosen],
    // What 99 of 100 observations of a histogram stay below.
    quantile(by, metric, matchers='')::
      'histogram_quantile(0.99,\n  sum by (%s, le) (rate(%s_bucket{%s%s}[$__rate_interval]))\n)' % [by, metric, matchers, chosen],

    // ----------------------------------------------------------------- panels
    up: d.stat('Up', 'none', 'How many instances of %s answer Prometheus.' % who, [d.instant('sum(up{%s})' % targets)], h=7),

    graph(title, unit, description, expr, legend, w=12):: d.timeseries(title, unit, description, [d.query(expr, legend)], w=w, min=0),

    queueAdds(w=12):: self.graph('Work Queue Add Rate', 'ops', 'Items put on each work queue in each second. An item is an object that some controller has to look at.', self.rate('instance, name', 'workqueue_adds_total'), '{{instance}} {{name}}', w),
    queueDepth(w=12):: self.graph('Work Queue Depth', 'short', 'Items that wait in each work queue. A queue that keeps growing has workers that do not keep up.', 'sum by (instance, name) (workqueue_depth{%s})' % chosen, '{{instance}} {{name}}', w),
    queueLatency: self.graph('Work Queue Latency', 's', 'Time that 99 of 100 items wait in each work queue before somebody takes them up.', self.quantile('instance, name', 'workqueue_queue_duration_seconds'), '{{instance}} {{name}}', w=24),

    requestRate(title='Kube API Request Rate', w=8):: d.timeseries(title, 'ops', 'Calls of %s to the API server, by class of answer: 4xx are refused, 5xx are failures of the API server.' % who, [
      d.query(self.totalRate('rest_client_requests_total', 'code=~"%s..", ' % class), class + 'xx')
      for class in ['2', '3', '4', '5']
    ], w=w, min=0, overrides=[
      d.named('2xx', d.look.color('green')),
      d.named('3xx', d.look.color('blue')),
      d.named('4xx', d.look.color('orange')),
      d.named('5xx', d.look.color('red')),
    ]),
    postLatency: self.graph('Post Request Latency 99th Quantile', 's', 'Time that 99 of 100 calls of %s to create an object take, as seen by the caller.' % who, self.quantile('verb', 'rest_client_request_duration_seconds', 'verb="POST", '), '{{verb}}', w=16),
    getLatency: self.graph('Get Request Latency 99th Quantile', 's', 'Time that 99 of 100 calls of %s to read objects take, as seen by the caller.' % who, self.quantile('verb', 'rest_client_request_duration_seconds', 'verb="GET", '), '{{verb}}', w=24),

    // The process itself: one line.
    process: [
      self.graph('Memory', 'bytes', 'Resident memory of each instance.', 'process_resident_memory_bytes{%s}' % chosen, '{{instance}}', w=8),
      self.graph('CPU usage', 'short', 'CPU cores that each instance uses.', 'rate(process_cpu_seconds_total{%s}[$__rate_interval])' % chosen, '{{instance}}', w=8),
      self.graph('Goroutines', 'short', 'Threads of execution within each instance. A number that only ever grows is a leak.', 'go_goroutines{%s}' % chosen, '{{instance}}', w=8),
    ],
  }
