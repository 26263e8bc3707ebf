// WeaveNet: one router of Weave Net, which is one node. What holds for a whole
// cluster is on a dashboard of its own.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local weave = (import 'common.libsonnet')(config);
  local router = 'instance="$instance", ' + weave.routers;

  weave.dashboard(
    'WeaveNet',
    'GzIXGqwZz',
    'Addresses, flows and connections of one router of Weave Net.',
    from='now-1h',
    variables=[d.variable.label('instance', weave.routerCounter(weave.routers))],
    panels=[
      d.row('Headlines', [
        weave.wanted('Fast DP Flows', 'Flows in the fast data path of the kernel. Without any, packets of pods take the slow path.', weave.total('weave_flows', router)),
      ] + weave.pendingStats(router) + [
        weave.stat('IPs', 'Addresses that pods of the node have.', weave.total('weave_ips', router)),
        weave.stat('Max IPs', 'Addresses that the whole network has for pods.', weave.total('weave_max_ips', router)),
        weave.terminationsStat(router),
      ] + weave.connectionStats(router)),
      weave.ipam(router),
      d.row('Connections', [weave.flows(router), weave.terminations(router)] + weave.connectionGraphs(router)),
    ],
  )
