// The alerts about Weave Net. The reference gives them no runbooks.
{
  local config = $._config,

  // Names the cluster in a description, where clusters have names.
  local inCluster = '{{ with $labels.%(clusterLabel)s }} in cluster {{ . }}{{ end }}' % config,

  local perCluster(aggregation, metric, matcher='') =
    '%s by (%s) (%s{%s%s})' % [aggregation, config.clusterLabel, metric, matcher, config.weaveNetSelector],
  // Weave Net counts connections by their state, and some versions by further labels too.
  local connections(state) = perCluster('sum', 'weave_connections', 'state="%s",' % state),

  local critical(alert, expr, hold, summary, description) = {
    alert: alert,
    expr: expr,
    'for': hold,
    labels: { severity: 'critical' },
    annotations: { summary: summary, description: description },
  },

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'weave-net',
        rules: [
          critical(
            'WeaveNetIPAMSplitBrain',
            '%s\n-\n%s > 0' % [
              perCluster('max', 'weave_ipam_unreachable_percentage'),
              perCluster('min', 'weave_ipam_unreachable_percentage'),
            ],
            '3m',
            'The routers of Weave Net do not agree on which of them are there.',
            'The share of addresses that is out of reach differs by {{ printf "%.1f" $value }} percentage points between the routers of Weave Net' + inCluster + ': the network has come apart, or some routers still wait for peers that are gone.\n' +
            'Compare `weave --local status ipam` and `weave --local status connections` in pods of several nodes, and check the network between them.'
          ),
          critical(
            'WeaveNetIPAMUnreachable',
            'weave_ipam_unreachable_percentage{%(weaveNetSelector)s} > %(weaveNetUnreachablePercent)s' % config,
            '10m',
            'A large part of the addresses of Weave Net is out of reach.',
            'The Weave Net router {{ $labels.instance }}' + inCluster + ' does not reach the owners of {{ printf "%.0f" $value }}% of all addresses for pods ' + '(more than %(weaveNetUnreachablePercent)s%%). Once it has used up its own, it cannot get more from them, and new pods on its node stay in ContainerCreating.\n' % config +
            '`weave --local status ipam` names the owners. Bring their nodes back; if they are gone for good, `weave --local rmpeer` gives their addresses to the router on which it runs.'
          ),
          critical(
            'WeaveNetIPAMPendingAllocates',
            perCluster('sum', 'weave_ipam_pending_allocates') + ' > 0',
            '3m',
            'Pods wait for an address of Weave Net.',
            'Requests for an address wait at the routers of Weave Net' + inCluster + ' ({{ $value }} of them): the pods that need them stay in ContainerCreating.\n' +
            'All addresses may be in use, or their owners be out of reach: `weave --local status ipam` on the node of such a pod tells which.'
          ),
          critical(
            'WeaveNetIPAMPendingClaims',
            perCluster('sum', 'weave_ipam_pending_claims') + ' > 0',
            '3m',
            'Addresses that are in use wait to be confirmed by Weave Net.',
            'Claims of addresses wait at the routers of Weave Net' + inCluster + ' ({{ $value }} of them): a router asks for certain addresses, such as those of pods that were there before it started, and has no answer from the peers that own them.\n' +
            'Check with `weave --local status ipam` and `weave --local status connections` which peers are out of reach.'
          ),
          critical(
            'WeaveNetFastDPFlowsLow',
            '%s < %s' % [perCluster('sum', 'weave_flows'), config.weaveNetFlowsMinimum],
            '3m',
            'The fast data path of Weave Net carries fewer flows than usual.',
            'The fast data path of Weave Net' + inCluster + ' has {{ $value }} flows ' + '(at least %(weaveNetFlowsMinimum)s are expected): there is less traffic between pods, or it goes through the slow path.\n' % config +
            '`weave --local status connections` tells by the word sleeve which connections are slow.'
          ),
          critical(
            'WeaveNetFastDPFlowsOff',
            'count by (%(clusterLabel)s) (weave_flows{%(weaveNetSelector)s} == 0) > 0' % config,
            '3m',
            'Nodes have no flows in the fast data path of Weave Net.',
            'The fast data path of Weave Net has no flows on nodes' + inCluster + ' ({{ $value }} of them): their pods have no traffic, or it goes through the slow path.\n' +
            'Look on such a node for connections of the kind sleeve in `weave --local status connections`, and in the log of Weave Net for why it left the fast data path, such as the size of packets that the network takes.'
          ),
          critical(
            'WeaveNetHighConnectionTerminationRate',
            'rate(weave_connection_terminations_total{%(weaveNetSelector)s}[%(weaveNetTerminationsWindow)s]) > %(weaveNetTerminationsPerSecond)s' % config,
            '5m',
            'A Weave Net router loses its connections to peers again and again.',
            'The Weave Net router {{ $labels.instance }}' + inCluster + ' has lost {{ printf "%.2f" $value }} connections to peers in each second ' + 'of the last %(weaveNetTerminationsWindow)s (more than %(weaveNetTerminationsPerSecond)s). While one is down, packets between the pods of the two nodes take another way or none.\n' % config +
            'Its log gives the reason of each; see whether peers restart, and check the network between the nodes.'
          ),
          critical(
            'WeaveNetConnectionsConnecting',
            connections('connecting') + ' > 0',
            '3m',
            'Connections between Weave Net routers are not made.',
            'Connections between routers of Weave Net' + inCluster + ' are being made all the time and get no further ({{ $value }} of them): the pods of these nodes do not reach each other directly.\n' +
            'Check that the nodes reach each other on TCP port 6783; `weave --local status connections` names them.'
          ),
          critical(
            'WeaveNetConnectionsRetrying',
            connections('retrying') + ' > 0',
            '3m',
            'Connections between Weave Net routers are tried again and again.',
            'Connections between routers of Weave Net' + inCluster + ' have failed and are tried again ({{ $value }} of them): the pods of these nodes do not reach each other directly.\n' +
            '`weave --local status connections` gives the nodes and the reason of the last failure.'
          ),
          critical(
            'WeaveNetConnectionsPending',
            connections('pending') + ' > 0',
            '3m',
            'Connections between Weave Net routers are not confirmed.',
            'Connections between routers of Weave Net' + inCluster + ' are made and not confirmed ({{ $value }} of them): the routers speak with each other, and the packets of pods do not arrive.\n' +
            'Check that the nodes reach each other on the UDP ports 6783 and 6784; `weave --local status connections` names them.'
          ),
          critical(
            'WeaveNetConnectionsFailed',
            if config.weaveNetFailedConnectionsPerRouter == 0
            then connections('failed') + ' > 0'
            else '%s\n> %s * %s' % [
              connections('failed'),
              config.weaveNetFailedConnectionsPerRouter,
              // Every router has this counter, from its start.
              perCluster('count', 'weave_connection_terminations_total'),
            ],
            '3m',
            'Connections between Weave Net routers have failed.',
            'Connections between routers of Weave Net' + inCluster + ' have failed ({{ $value }} of them): the pods of these nodes do not reach each other directly.\n' +
            '`weave --local status connections` gives the nodes and the reasons. A router that cannot connect to itself is no fault: `weaveNetFailedConnectionsPerRouter` leaves it out.'
          ),
        ],
      },
    ],
  },
}
