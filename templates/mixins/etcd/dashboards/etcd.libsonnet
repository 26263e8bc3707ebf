// etcd: the members of one etcd cluster, which is one scrape job. Asked for
// with the scrape of etcd; nothing here needs Kubernetes.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local members = 'job="$cluster", ' + config.etcd_selector;
  local gauge(metric) = '%s{%s}' % [metric, members];
  local rate(metric) = 'rate(%s[$__rate_interval])' % gauge(metric);
  local perMember(metric) = 'sum by (instance) (%s)' % rate(metric);
  local slowest(histogram) = 'histogram_quantile(0.99, sum by (instance, le) (%s))' % rate(histogram + '_bucket');
  local unaryCalls(metric, matcher='') = 'sum(rate(%s{grpc_type="unary", %s%s}[$__rate_interval]))' % [metric, matcher, members];
  // A stream is open from its start until it is handled.
  local openStreams(service) =
    'sum(grpc_server_started_total{%(stream)s}) - sum(grpc_server_handled_total{%(stream)s})' % {
      stream: 'grpc_service="etcdserverpb.%s", grpc_type="bidi_stream", %s' % [service, members],
    };

  local graph(title, unit, description, queries, w=8) =
    d.timeseries(title, unit, description, queries, w=w, min=0);

  d.dashboard(
    'etcd',
    'c2f4e12cdf69feb95caa41a5a1b423d9',
    'The members of one etcd cluster: leader, calls, database, disks and network.',
    tags=config.dashboardTags,
    from='now-15m',
    refresh='10s',
    minStep='1m',
    variables=[
      d.variable.datasource(config.datasourceFilterRegex),
      d.variable.label('cluster', 'etcd_server_has_leader{%s}' % config.etcd_selector, labelName='job'),
    ],
    panels=[
      d.stat('Up', 'none', 'Members that see a leader. Fewer than there are members means that some are cut off or down.', [
        d.query('sum(%s)' % gauge('etcd_server_has_leader'), 'members with a leader'),
      ], w=6, h=7),
      graph('RPC rate', 'ops', 'Calls from clients, such as the API server, and the calls that failed through a fault of the server.', [
        d.query(unaryCalls('grpc_server_started_total'), 'RPC rate'),
        d.query(unaryCalls('grpc_server_handled_total', 'grpc_code=~"%s", ' % config.etcdServerErrorCodes), 'RPC failed rate'),
      ], w=10),
      graph('Active streams', 'short', 'Streams that clients hold open to watch keys and to keep leases alive.', [
        d.query(openStreams('Watch'), 'watch streams'),
        d.query(openStreams('Lease'), 'lease streams'),
      ]),
      graph('DB size', 'bytes', 'Size of the database file of each member. When it reaches the quota, etcd takes no more writes.', [
        d.query(gauge('etcd_mvcc_db_total_size_in_bytes'), '{{instance}} DB size'),
      ]),
      graph('Disk sync duration', 's', 'Time that 99 in 100 writes of the log and commits of the database stay below. Slow disks make leaders change.', [
        d.query(slowest('etcd_disk_wal_fsync_duration_seconds'), '{{instance}} WAL fsync'),
        d.query(slowest('etcd_disk_backend_commit_duration_seconds'), '{{instance}} DB commit'),
      ]),
      graph('Memory', 'bytes', 'Resident memory of each member.', [
        d.query(gauge('process_resident_memory_bytes'), '{{instance}} resident memory'),
      ]),
      graph('Client traffic in', 'Bps', 'Bytes that each member receives from clients.', [
        d.query(rate('etcd_network_client_grpc_received_bytes_total'), '{{instance}} client traffic in'),
      ], w=6),
      graph('Client traffic out', 'Bps', 'Bytes that each member sends to clients.', [
        d.query(rate('etcd_network_client_grpc_sent_bytes_total'), '{{instance}} client traffic out'),
      ], w=6),
      graph('Peer traffic in', 'Bps', 'Bytes that each member receives from the others.', [
        d.query(perMember('etcd_network_peer_received_bytes_total'), '{{instance}} peer traffic in'),
      ], w=6),
      graph('Peer traffic out', 'Bps', 'Bytes that each member sends to the others.', [
        d.query(perMember('etcd_network_peer_sent_bytes_total'), '{{instance}} peer traffic out'),
      ], w=6),
      graph('Raft proposals', 'short', 'Changes that the members agreed on, applied and failed to agree on, in each second, and those that wait for agreement.', [
        d.query('sum(%s)' % rate('etcd_server_proposals_failed_total'), 'failed'),
        d.query('sum(%s)' % gauge('etcd_server_proposals_pending'), 'pending'),
        // The counters of all members count the same proposals.
        d.query('max(%s)' % rate('etcd_server_proposals_committed_total'), 'committed'),
        d.query('max(%s)' % rate('etcd_server_proposals_applied_total'), 'applied'),
      ]),
      graph('Total leader elections per day', 'short', 'Changes of leader that each member saw within a day. Each one stops writes for a moment.', [
        d.query('changes(%s[1d])' % gauge('etcd_server_leader_changes_seen_total'), '{{instance}} leader elections'),
      ]),
      graph('Peer round trip time', 's', 'Time that 99 in 100 messages between members take there and back.', [
        d.query(slowest('etcd_network_peer_round_trip_time_seconds'), '{{instance}} peer round trip time'),
      ]),
    ],
  )
