// What the two dashboards of Weave Net share: their frame, what they select, and the panels that show the same of one
// router and of all.
local d = import 'lib/dashboard.libsonnet';

function(config)
  // What becomes of a connection between two routers.
  local states = {
    established: 'Connections to peers that are made and confirmed: each router has one to every other.',
    connecting: 'Connections that are being made. They should be there for moments only.',
    pending: 'Connections that are made and not confirmed: packets of pods do not arrive yet. They should be there for moments only.',
    failed: 'Connections that failed and wait for the next attempt. A router that finds itself among its peers has one that stays.',
    retrying: 'Connections that are tried again after a failure.',
  };
  local faults = d.thresholds('green', [[1, 'orange'], [10, 'red']]);
  local wanted = d.thresholds('red', [[1, 'green']]);

  {
    dashboard(title, uid, description, from, variables, panels)::
      d.dashboard(
        title,
        uid,
        description,
        variables=[d.variable.datasource(config.datasourceFilterRegex), cluster] + variables,
        panels=panels,
        tags=config.dashboardTags,
        links=[d.dashboardsTagged('Weave Net', config.dashboardTags)],
        from=from,
        minStep='30s',
      ),

    local cluster = d.variable.cluster(config, routerCounter(config.weaveNetSelector)),
    inCluster:: '%s="$cluster"' % config.clusterLabel,
    routers:: '%s, %s' % [self.inCluster, config.weaveNetSelector],
    // The dashboard of one router, from a table of all.
    toRouter:: [d.drilldown('Open this router', 'GzIXGqwZz', keep=['cluster'], fields={ instance: 'Node' }, prefix=config.dashboardLinkPrefix)],

    // A metric that every router has from its start, whatever it does.
    local routerCounter(where) = 'weave_connection_terminations_total{%s}' % where,
    routerCounter:: routerCounter,

    total(metric, where):: 'sum(%s{%s})' % [metric, where],
    // Some versions have no series for a state in which there is no connection.
    connections(state, where)::
      '%s\nor\n0 * count(%s)' % [self.total('weave_connections', 'state="%s", %s' % [state, where]), routerCounter(where)],
    about(state):: states[state],

    stat(title, description, expr, w=4, unit='none', thresholds=null)::
      d.stat(title, unit, description, [d.instant(expr)], w=w, color=if thresholds == null then 'none' else 'value', thresholds=thresholds),
    fault(title, description, expr, w=4, unit='none'):: self.stat(title, description, expr, w, unit, faults),
    wanted(title, description, expr, w=4):: self.stat(title, description, expr, w, thresholds=wanted),

    // Requests that wait, as numbers.
    pendingStats(where):: [
      self.fault('IPAM Pending Allocates', 'Requests for a new address that wait. Their pods stay in ContainerCreating.', self.total('weave_ipam_pending_allocates', where)),
      self.fault('IPAM Pending Claims', 'Requests for a certain address that wait, such as those of pods that were there before their router started.', self.total('weave_ipam_pending_claims', where)),
    ],
    terminationsStat(where)::
      self.fault('Terminations', 'Connections to peers that ended in each minute, over the last five.', '60 * sum(rate(weave_connection_terminations_total{%s}[5m]))' % where, unit='cpm'),

    // The state of all connections, as numbers.
    connectionStats(where):: [
      self.wanted('P2P Established', states.established, self.connections('established', where), w=5),
      self.fault('P2P Connecting', states.connecting, self.connections('connecting', where), w=5),
      self.fault('P2P Pending', states.pending, self.connections('pending', where), w=5),
      self.fault('P2P Failed', states.failed, self.connections('failed', where), w=5),
      self.fault('P2P Retrying', states.retrying, self.connections('retrying', where)),
    ],

    graph(title, unit, description, queries, w=8, stack=false)::
      d.timeseries(title, unit, description, queries, w=w, stack=stack, legend='list', min=0),

    // Addresses whose owners are out of reach, and requests for addresses that wait.
    ipam(where)::
      d.row('IPAM', [
        self.graph('IPAM Unreachable Percentage', 'percent', 'Part of all addresses whose owners each router does not reach. Routers that disagree are on different sides of a split.', [
          d.query('weave_ipam_unreachable_percentage{%s}' % where, '{{instance}}'),
        ]),
        self.graph('IPAM Unreachable Count', 'short', 'Peers with addresses that each router does not reach.', [
          d.query('weave_ipam_unreachable_count{%s}' % where, '{{instance}}'),
        ]),
        self.graph('IPAM Pending', 'short', 'Requests for a new and for a certain address that wait.', [
          d.query(self.total('weave_ipam_pending_allocates', where), 'pending allocates'),
          d.query(self.total('weave_ipam_pending_claims', where), 'pending claims'),
        ], stack=true),
      ]),

    flows(where, stack=false)::
      self.graph('Fast DP Flows', 'short', 'Flows in the fast data path, which the kernel forwards by itself. Without any, packets of pods take the slow path through user space.', [
        d.query('weave_flows{%s}' % where, '{{instance}}'),
      ], w=12, stack=stack),
    terminations(where)::
      self.graph('Rate of Terminated Connections', 'cpm', 'Connections to peers that ended in each minute.', [
        d.query('60 * rate(weave_connection_terminations_total{%s}[$__rate_interval])' % where, '{{instance}}'),
      ], w=12),
    connectionGraphs(where):: [
      self.graph('P2P / ' + named(state), 'short', states[state], [
        d.query(self.connections(state, where), 'connections ' + state),
      ], w=if state == 'failed' then 16 else 8)
      for state in ['established', 'connecting', 'pending', 'retrying', 'failed']
    ],

    // A state as panels call it.
    local named(state) = std.asciiUpper(state[0]) + state[1:],
    named:: named,
  }
