// WeaveNet (Cluster): all routers of Weave Net in one cluster, together and side
// by side.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local weave = (import 'common.libsonnet')(config);
  local routers = weave.routers;

  // A table of all routers, those with the most at the top.
  local perRouter(title, description, column, expr) =
    d.table(title, 'none', description, [d.rowLabel('instance', 'Node', weave.toRouter)], [
      d.column(column, expr, decimals=0),
    ], w=6, h=10, sortBy=column, descending=true);
  local byRouter(metric, matcher='') = 'sum by (instance) (%s{%s%s})' % [metric, matcher, routers];
  local connections(state) =
    perRouter('P2P / ' + weave.named(state), weave.about(state), weave.named(state), byRouter('weave_connections', 'state="%s", ' % state));

  // Kubelets and kube-state-metrics both name the node.
  local pods = 'max by (node) (kubelet_running_pods{%s, %s})' % [weave.inCluster, config.kubeletSelector];
  local capacity = 'max by (node) (kube_node_status_capacity{resource="pods", %s, %s})' % [weave.inCluster, config.kubeStateMetricsSelector];

  weave.dashboard(
    'WeaveNet (Cluster)',
    'voS3tW_Zk',
    'Addresses, flows and connections of all routers of Weave Net in one cluster.',
    from='now-12h',
    variables=[],
    panels=[
      d.row('Headlines', [
        weave.wanted('Fast DP flows', 'Flows in the fast data path of all nodes.', weave.total('weave_flows', routers)),
        weave.fault('Fast DP off', 'Nodes without flows in the fast data path: their pods have no traffic, or it takes the slow path.', 'sum(weave_flows{%s} == bool 0)' % routers),
      ] + weave.pendingStats(routers) + [
        weave.terminationsStat(routers),
        weave.stat('Weave Pods', 'Routers that Prometheus scrapes. There should be one on each node.', 'count(%s)' % weave.routerCounter(routers)),
      ] + weave.connectionStats(routers)),
      weave.ipam(routers),
      d.row('Connections', [weave.flows(routers, stack=true), weave.terminations(routers)] + weave.connectionGraphs(routers)),
      d.row('Nodes', [
        connections(state)
        for state in ['established', 'connecting', 'pending', 'failed', 'retrying']
      ] + [
        perRouter('Fast DP Flows (Current)', 'Flows in the fast data path of each node.', 'Fast DP Flows', byRouter('weave_flows')),
        d.table('Pods Per Node (Current)', 'none', 'Pods that run on each node, and their share of those that it takes.', [d.rowLabel('node', 'Node')], [
          d.column('Pods', pods),
          d.column('Pods %', '%s\n/\n%s' % [pods, capacity], 'percentunit', bar=true),
        ], w=6, h=10, sortBy='Pods', descending=true),
        perRouter('Peer To Peer Connections Terminated', 'Connections that ended within the last five minutes, of routers that lost any.', 'Terminated', 'sum by (instance) (increase(weave_connection_terminations_total{%s}[5m])) > 0' % routers),
      ]),
    ],
  )
