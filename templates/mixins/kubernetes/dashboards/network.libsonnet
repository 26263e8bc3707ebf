// What the networking dashboards share: the traffic of pods as cAdvisor counts
// it, and the panels that show it for namespaces, workloads or pods. The
// traffic of the nodes' own interfaces is on the dashboards of node-exporter.
local d = import 'lib/dashboard.libsonnet';

// `selector` says which cAdvisor counts; workload-total restricts it.
function(config, selector=config.podTrafficSelector)
  local k = (import 'common.libsonnet')(config);
  local podLabels = '%s, namespace, pod' % config.clusterLabel;
  local selected(matchers) = if selector == '' then matchers else matchers + ', ' + selector;
  local counted(matchers) = 'container_network_receive_packets_total{%s}' % selected(matchers);
  // Sides of a binary operation, as lines within the parentheses of a sum.
  local operation(left, operator, right) = '%s\n  %s\n  %s' % [left, operator, right];
  local graph(title, unit, description, expr, stack) = d.timeseries(title, unit, description, [d.query(expr)], min=0, stack=stack);

  {
    // -------------------------------------------------------------- variables
    cluster: k.clusterOf(config.cadvisorSelector),
    // The namespaces of pods with traffic. Starts with one that every cluster
    // has, because all pods of a large cluster are a heavy query.
    namespace(all=false):: d.variable.label('namespace', counted(k.inCluster), all=all, allValue='.+') {
      current: { text: 'kube-system', value: 'kube-system' },
    },
    pod: d.variable.label('pod', counted(k.inCluster + ', namespace=~"$namespace"')),

    // ---------------------------------------------------------------- queries
    // Traffic without that of pods on the host network: the interfaces that
    // are counted for them are those of the node, with the traffic of all pods.
    ofPods(traffic, matchers=k.inCluster)::
      operation(traffic, 'and on (%s)' % podLabels, 'kube_pod_info{host_network="false", %s}' % matchers),

    // Traffic with the workload that each pod belongs to.
    withWorkload(traffic, matchers)::
      operation(traffic, '* on (%s) group_left (workload, workload_type)' % podLabels, 'namespace_workload_pod:kube_pod_owner:relabel{%s}' % matchers),

    // The sum of the interfaces of each pod.
    perPod(traffic):: 'sum by (%s) (\n    %s\n  )' % [podLabels, std.strReplace(traffic, '\n', '\n  ')],

    // The figures that the panels show. `shown(aggregate, traffic)` makes of the
    // traffic at single interfaces what the dashboard is about. Bytes become
    // bits, because links are rated in bits.
    figures(matchers, shown):: {
      local of(aggregate, metric) = shown(aggregate, 'rate(container_network_%s_total{%s}[$__rate_interval])' % [metric, selected(matchers)]),
      local bits(aggregate, metric) = '8 * ' + of(aggregate, metric),

      received: bits('sum', 'receive_bytes'),
      sent: bits('sum', 'transmit_bytes'),
      meanReceived: bits('avg', 'receive_bytes'),
      meanSent: bits('avg', 'transmit_bytes'),
      packetsReceived: of('sum', 'receive_packets'),
      packetsSent: of('sum', 'transmit_packets'),
      dropsReceived: of('sum', 'receive_packets_dropped'),
      dropsSent: of('sum', 'transmit_packets_dropped'),
    },

    // ----------------------------------------------------------------- panels
    // `whose` names in the texts what a line or a row stands for; `stack` adds
    // the lines up.
    bandwidth(figures, whose, stack=false):: [
      graph('Receive Bandwidth', 'bps', 'Traffic that %s receives.' % whose, figures.received, stack),
      graph('Transmit Bandwidth', 'bps', 'Traffic that %s sends.' % whose, figures.sent, stack),
    ],

    packets(figures, whose, stack=false):: [
      graph('Rate of Received Packets', 'pps', 'Packets that %s receives. Many packets at little bandwidth are small ones, which cost most CPU.' % whose, figures.packetsReceived, stack),
      graph('Rate of Transmitted Packets', 'pps', 'Packets that %s sends.' % whose, figures.packetsSent, stack),
      graph('Rate of Received Packets Dropped', 'pps', 'Packets for %s that were dropped on arrival. It should be zero: queues are full or the receiver is too slow.' % whose, figures.dropsReceived, stack),
      graph('Rate of Transmitted Packets Dropped', 'pps', 'Packets from %s that were dropped before they were sent. It should be zero.' % whose, figures.dropsSent, stack),
    ],

    // One arc each for both directions at this moment. The end is what a fast
    // network card carries.
    gauges(figures, name, whose):: [
      gauge('Current Rate of Bits Received', 'Traffic that %s receives now; the arc ends at 10 Gb/s.' % whose, figures.received, name),
      gauge('Current Rate of Bits Transmitted', 'Traffic that %s sends now; the arc ends at 10 Gb/s.' % whose, figures.sent, name),
    ],

    // Bars by size, which lead to what they stand for.
    bars(title, description, expr, links)::
      d.bargauge(title, 'bps', description, [d.instant('sort_desc(\n  %s\n)' % std.strReplace(expr, '\n', '\n  '))], h=7, links=links),

    columns(figures):: [
      d.column('Rx Bits', figures.received),
      d.column('Tx Bits', figures.sent),
      d.column('Rx Bits (Avg)', figures.meanReceived),
      d.column('Tx Bits (Avg)', figures.meanSent),
      d.column('Rx Packets', figures.packetsReceived, 'pps'),
      d.column('Tx Packets', figures.packetsSent, 'pps'),
      d.column('Rx Packets Dropped', figures.dropsReceived, 'pps'),
      d.column('Tx Packets Dropped', figures.dropsSent, 'pps'),
    ],

    local gauge(title, description, expr, name) =
      d.gauge(title, 'bps', description, [d.instant(expr, name)], 0, 10e9, w=12, thresholds=d.thresholds('green', [[5e9, 'yellow'], [7e9, 'red']])),
  }
