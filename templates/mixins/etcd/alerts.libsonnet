// The alerts about etcd, in the order of the reference. Not here: what the API server sees of etcd, which is part of
// the mixin kubernetes.
{
  local config = $._config,

  // Percentage of calls that failed, per member, service and method.
  local failedRequests(percent) = |||-
    100 * sum without (grpc_type, grpc_code) (
      rate(grpc_server_handled_total{%(etcd_selector)s,grpc_code=~"%(etcdServerErrorCodes)s"}[%(etcdWindow)s])
    )
    /
    sum without (grpc_type, grpc_code) (
      rate(grpc_server_handled_total{%(etcd_selector)s}[%(etcdWindow)s])
    )
    > %(percent)s
  ||| % (config { percent: percent }),

  local failedRequestsDescription = |||-
    {{ printf "%%.1f" $value }}%% of the calls to {{ $labels.grpc_service }}/{{ $labels.grpc_method }} on the etcd member {{ $labels.instance }} (job {{ $labels.job }}) failed in the last %(etcdWindow)s through a fault of the server: API servers see errors and time-outs.
    Check whether the cluster has a leader, whether its database is full, and how fast its disks are.
  |||,

  // The time within which 99 of 100 observations lie.
  local p99(rates) = 'histogram_quantile(0.99, %s)' % rates,

  local fsync(seconds) = '%s > %s' % [
    p99('rate(etcd_disk_wal_fsync_duration_seconds_bucket{%(etcd_selector)s}[%(etcdWindow)s])' % config),
    seconds,
  ],

  local fsyncDescription = |||-
    One in a hundred writes of the log of the etcd member {{ $labels.instance }} (job {{ $labels.job }}) takes {{ $value | humanizeDuration }} or longer to reach the disk: every write to the cluster waits for it, and slow members lose their leader.
    Look for other load on that disk; etcd wants a fast one of its own.
  |||,

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'etcd',
        rules: [
          {
            // Members that do not answer, else peers that others cannot reach although they answer. Zero down members
            // must drop out before the union, or they would hide the second.
            alert: 'etcdMembersDown',
            expr: |||-
              max without (endpoint) (
                sum without (%(etcd_instance_labels)s) (up{%(etcd_selector)s} == bool 0) > 0
                or
                count without (To) (
                  sum without (%(etcd_instance_labels)s) (
                    rate(etcd_network_peer_sent_failures_total{%(etcd_selector)s}[%(peerWindow)ss])
                  ) > %(etcdPeerFailuresPerSecond)s
                )
              )
            ||| % (config { peerWindow: 4 * config.scrape_interval_seconds }),
            'for': '20m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'Members of an etcd cluster are down or cut off.',
              description: |||-
                The etcd cluster {{ $labels.job }} is short of {{ $value }} of its members: they do not answer, or their peers cannot reach them. With each further loss the cluster comes closer to losing its quorum, and then to taking no more writes.
                Look at the state and the log of these members and at the network between them.
              |||,
            },
          },
          {
            alert: 'etcdInsufficientMembers',
            expr: |||-
              sum without (%(etcd_instance_labels)s) (up{%(etcd_selector)s} == bool 1)
              <
              (count without (%(etcd_instance_labels)s) (up{%(etcd_selector)s}) + 1) / 2
            ||| % config,
            'for': '3m',
            labels: { severity: 'critical' },
            annotations: {
              summary: 'An etcd cluster has lost its quorum.',
              description: |||-
                The etcd cluster {{ $labels.job }} has too few members that answer ({{ $value }}) for a majority: nothing can be written, so the Kubernetes API takes no changes.
                Bring back members rather than remove them; if they are lost for good, restore the cluster from a snapshot.
              |||,
            },
          },
          {
            alert: 'etcdNoLeader',
            expr: 'etcd_server_has_leader{%(etcd_selector)s} == 0' % config,
            'for': '1m',
            labels: { severity: 'critical' },
            annotations: {
              summary: 'An etcd member has no leader.',
              description: |||-
                The etcd member {{ $labels.instance }} (job {{ $labels.job }}) knows no leader and takes no writes. If the others have one, it is cut off from them; if none has, the cluster has stopped.
                Check the network between the members and whether enough of them are up.
              |||,
            },
          },
          {
            alert: 'etcdHighNumberOfLeaderChanges',
            expr: |||-
              increase(
                max without (%(etcd_instance_labels)s) (etcd_server_leader_changes_seen_total{%(etcd_selector)s})[%(etcdLeaderChangesWindow)s:1m]
              ) >= %(etcdLeaderChanges)s
            ||| % config,
            'for': '5m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'An etcd cluster changes its leader again and again.',
              description: |||-
                The etcd cluster {{ $labels.job }} changed its leader {{ printf "%%.0f" $value }} times in the last %(etcdLeaderChangesWindow)s: each time writes stop for a moment and requests fail.
                Slow disks, starved CPUs and a slow or lossy network between the members are the usual causes.
              ||| % config,
            },
          },
          {
            alert: 'etcdHighNumberOfFailedGRPCRequests',
            expr: failedRequests(config.etcdFailedRequestsWarningPercent),
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'An etcd member fails some of the calls to it.',
              description: failedRequestsDescription % config,
            },
          },
          {
            alert: 'etcdHighNumberOfFailedGRPCRequests',
            expr: failedRequests(config.etcdFailedRequestsCriticalPercent),
            'for': '5m',
            labels: { severity: 'critical' },
            annotations: {
              summary: 'An etcd member fails many of the calls to it.',
              description: failedRequestsDescription % config,
            },
          },
          {
            alert: 'etcdGRPCRequestsSlow',
            expr: |||-
              histogram_quantile(
                0.99,
                sum without (grpc_type) (
                  rate(grpc_server_handling_seconds_bucket{%(etcd_selector)s,grpc_method!~"%(etcdSlowMethods)s",grpc_type="unary"}[%(etcdWindow)s])
                )
              ) > %(etcdRequestSeconds)s
            ||| % config,
            'for': '10m',
            labels: { severity: 'critical' },
            annotations: {
              summary: 'An etcd member answers slowly.',
              description: |||-
                One in a hundred calls to {{ $labels.grpc_service }}/{{ $labels.grpc_method }} on the etcd member {{ $labels.instance }} (job {{ $labels.job }}) takes {{ $value | humanizeDuration }} or longer: the Kubernetes API becomes slow with it.
                Look at the durations of disk writes and commits, the round trips to its peers and the CPU of the member.
              |||,
            },
          },
          {
            alert: 'etcdMemberCommunicationSlow',
            expr: '%s > %s' % [
              p99('rate(etcd_network_peer_round_trip_time_seconds_bucket{%(etcd_selector)s}[%(etcdWindow)s])' % config),
              config.etcdPeerRoundTripSeconds,
            ],
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'The network between two etcd members is slow.',
              description: |||-
                One in a hundred round trips from the etcd member {{ $labels.instance }} (job {{ $labels.job }}) to its peer {{ $labels.To }} takes {{ $value | humanizeDuration }} or longer: writes are slow, and the cluster may lose its leader.
                Check the network between the two and the load of the peer.
              |||,
            },
          },
          {
            alert: 'etcdHighNumberOfFailedProposals',
            expr: |||-
              rate(etcd_server_proposals_failed_total{%(etcd_selector)s}[%(etcdFailedProposalsWindow)s]) > %(etcdFailedProposalsPerSecond)s
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'Writes to an etcd cluster fail for want of agreement.',
              description: |||-
                The etcd member {{ $labels.instance }} (job {{ $labels.job }}) sees {{ printf "%%.1f" $value }} failed proposals per second in the last %(etcdFailedProposalsWindow)s: these writes were not agreed upon and are lost to their clients.
                Elections of a leader and a lost quorum are the usual causes; compare etcdNoLeader and etcdMembersDown.
              ||| % config,
            },
          },
          {
            alert: 'etcdHighFsyncDurations',
            expr: fsync(config.etcdFsyncWarningSeconds),
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'The disk of an etcd member is slow.',
              description: fsyncDescription,
            },
          },
          {
            alert: 'etcdHighFsyncDurations',
            expr: fsync(config.etcdFsyncCriticalSeconds),
            'for': '10m',
            labels: { severity: 'critical' },
            annotations: {
              summary: 'The disk of an etcd member is far too slow.',
              description: fsyncDescription,
            },
          },
          {
            alert: 'etcdHighCommitDurations',
            expr: '%s > %s' % [
              p99('rate(etcd_disk_backend_commit_duration_seconds_bucket{%(etcd_selector)s}[%(etcdWindow)s])' % config),
              config.etcdCommitSeconds,
            ],
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'An etcd member is slow to commit its database.',
              description: |||-
                One in a hundred commits of the database of the etcd member {{ $labels.instance }} (job {{ $labels.job }}) takes {{ $value | humanizeDuration }} or longer: requests queue up behind it.
                Look for other load on its disk and for a database that has grown large.
              |||,
            },
          },
          {
            alert: 'etcdDatabaseQuotaLowSpace',
            expr: |||-
              last_over_time(etcd_mvcc_db_total_size_in_bytes{%(etcd_selector)s}[%(etcdWindow)s])
              /
              last_over_time(etcd_server_quota_backend_bytes{%(etcd_selector)s}[%(etcdWindow)s])
              * 100 > %(etcdQuotaPercent)s
            ||| % config,
            'for': '10m',
            labels: { severity: 'critical' },
            annotations: {
              summary: 'The database of an etcd member is almost full.',
              description: |||-
                The database of the etcd member {{ $labels.instance }} (job {{ $labels.job }}) takes up {{ printf "%.1f" $value }}% of its quota. When it is full, the whole cluster takes no more writes until space is made.
                Compact and defragment the members one by one, find out what fills the database, or raise the quota.
              |||,
            },
          },
          {
            alert: 'etcdExcessiveDatabaseGrowth',
            expr: |||-
              predict_linear(etcd_mvcc_db_total_size_in_bytes{%(etcd_selector)s}[%(etcdGrowthWindow)s], %(etcdGrowthHorizonSeconds)s)
              >
              etcd_server_quota_backend_bytes{%(etcd_selector)s}
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'The database of an etcd member is about to outgrow its quota.',
              description: |||-
                As it grew in the last %(etcdGrowthWindow)s, the database of the etcd member {{ $labels.instance }} (job {{ $labels.job }}) will reach {{ $value | humanize1024 }}B in {{ humanizeDuration %(etcdGrowthHorizonSeconds)s }}, which is more than its quota. The cluster would then take no more writes.
                Find out which objects are written so often or so large; compact and defragment in time.
              ||| % config,
            },
          },
          {
            alert: 'etcdDatabaseHighFragmentationRatio',
            expr: |||-
              last_over_time(etcd_mvcc_db_total_size_in_use_in_bytes{%(etcd_selector)s}[%(etcdWindow)s])
              /
              last_over_time(etcd_mvcc_db_total_size_in_bytes{%(etcd_selector)s}[%(etcdWindow)s])
              < %(etcdUsedShare)s
              and
              etcd_mvcc_db_total_size_in_use_in_bytes{%(etcd_selector)s} > %(etcdUsedBytesMinimum)s
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'The database of an etcd member holds much unused space.',
              description: |||-
                Only {{ $value | humanizePercentage }} of the database file of the etcd member {{ $labels.instance }} (job {{ $labels.job }}) is in use; the rest counts towards its quota and is only given back by a defragmentation.
                Run `etcdctl defrag` against one member after the other, since each stops for as long as it takes.
              |||,
              runbook_url: config.etcdDefragmentationURL,
            },
          },
        ],
      },
    ],
  },
}
