// The parameters of the etcd alerts, in one table, with the reference's defaults. The first three have the names of the
// ecosystem's etcd mixin.
// Times between breach and alert (`for`) are not parameters: they are patched in the stack file.
{
  _config+:: {
    // Label matchers in every selector: any job with etcd in its name, such as the static scrape `etcd` or `kube-etcd`.
    etcd_selector: 'job=~".*etcd.*"',

    // Labels, separated by commas, that tell the members of one cluster apart. Static targets have no pod, so that the
    // second does no harm there; with targets that are pods, every count would be one per pod without it.
    etcd_instance_labels: 'instance, pod',

    // Seconds between two scrapes of etcd. Failed sends between peers are counted over four of them.
    scrape_interval_seconds: 30,

    // Window over which rates, quantiles and sizes are read, unless another is named below.
    etcdWindow: '5m',

    // Failed sends to a peer per second, of all members together, above which the peer counts as unreachable.
    etcdPeerFailuresPerSecond: 0.01,

    // So many changes of leader within the window are too many. A lone one comes with every restart.
    etcdLeaderChanges: 4,
    etcdLeaderChangesWindow: '15m',

    // Status codes (a regular expression) that mean that the server failed a call, not that the client asked amiss.
    etcdServerErrorCodes: 'Unknown|FailedPrecondition|ResourceExhausted|Internal|Unavailable|DataLoss|DeadlineExceeded',

    // Percentage of calls to a gRPC method that may end with such a code.
    etcdFailedRequestsWarningPercent: 1,
    etcdFailedRequestsCriticalPercent: 5,

    // Methods (a regular expression) that are slow by nature and left out of the judgement on slow calls.
    etcdSlowMethods: 'Defragment',

    // Seconds that 99 of 100 calls may take, and 99 of 100 round trips between two members.
    etcdRequestSeconds: 0.15,
    etcdPeerRoundTripSeconds: 0.15,

    // Proposals per second that may fail, and the window: they fail while a leader is elected, not otherwise.
    etcdFailedProposalsPerSecond: 5,
    etcdFailedProposalsWindow: '15m',

    // Seconds that 99 of 100 writes of the log to disk may take. A healthy disk takes some ten milliseconds.
    etcdFsyncWarningSeconds: 0.5,
    etcdFsyncCriticalSeconds: 1,

    // Seconds that 99 of 100 commits of the database may take.
    etcdCommitSeconds: 0.25,

    // Percentage of the quota that the database may take up. When it is full, etcd takes no more writes.
    etcdQuotaPercent: 95,

    // Past that is extrapolated and future for which it is, to foresee that the database outgrows the quota.
    etcdGrowthWindow: '4h',
    etcdGrowthHorizonSeconds: 14400,

    // Share (0 to 1) of the database file that should be in use, and the bytes in use from which that is judged.
    // Small files are not worth a defragmentation, which stops the member for a while.
    etcdUsedShare: 0.5,
    etcdUsedBytesMinimum: 100 * 1024 * 1024,

    // Page that explains how to defragment. The reference has no runbooks for the other alerts.
    etcdDefragmentationURL: 'https://etcd.io/docs/v3.5/op-guide/maintenance/#defragmentation',

    // Tags of the dashboard, by which Grafana's menus and links find it.
    dashboardTags: ['etcd-mixin'],

    // Regular expression on data source names that the dashboard offers. Empty: all.
    datasourceFilterRegex: '',
  },
}
