// Prometheus / Remote Write: how far behind each remote endpoint is and what
// was lost on the way. Empty without remote write.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local cluster = config.clusterLabel;
  local server = '%s=~"$cluster", instance=~"$instance"' % cluster;
  local queue = server + ', url=~"$url"';
  local serverName = '{{%s}} {{instance}}' % cluster;
  local queueName = serverName + ' {{remote_name}}: {{url}}';

  local newest = 'prometheus_remote_storage_queue_highest_timestamp_seconds{%s}' % queue;
  local sent = 'prometheus_remote_storage_queue_highest_sent_timestamp_seconds{%s}' % queue;
  local storage(metric) = 'prometheus_remote_storage_%s{%s}' % [metric, queue];
  local rate(series) = 'rate(%s[5m])' % series;
  // Counters of samples were renamed in Prometheus 2.23. A data source may hold
  // servers of any age, so the former name stands in where the other is absent.
  local former = {
    total: 'succeeded_samples_total',
    dropped_total: 'dropped_samples_total',
    failed_total: 'failed_samples_total',
    retried_total: 'retried_samples_total',
    pending: 'pending_samples',
  };
  local samples(what, of=std.id) =
    '(%s or %s)' % [of(storage('samples_' + what)), of(storage(former[what]))];

  local graph(title, unit, description, expr, w=12, legend=queueName) =
    d.timeseries(title, unit, description, [d.query(expr, legend)], w=w, legend='list');

  d.dashboard(
    'Prometheus / Remote Write',
    'cb079f93-fde4-41f0-862b-d4301d7c1c56',
    'Delay, throughput, shards and losses of each endpoint that Prometheus writes to.',
    tags=config.dashboardTags,
    links=[d.dashboardsTagged('Prometheus', config.dashboardTags)],
    variables=[
      d.variable.datasource(config.datasourceFilterRegex),
      d.variable.cluster(config, 'prometheus_build_info', all=true),
      d.variable.label('instance', 'prometheus_build_info{%s=~"$cluster"}' % cluster, all=true),
      d.variable.label('url', 'prometheus_remote_storage_shards{%s}' % server, all=true),
    ],
    panels=[
      d.row('Timestamps', [
        graph('Highest Enqueued Timestamp vs. Highest Timestamp Sent', 's', 'Age of the newest sample that the endpoint has, against the newest one that waits. It is the delay of remote write.', '%s\n-\n%s' % [newest, sent]),
        graph('Rate[5m]', 'none', 'Seconds by which the delay grows in each second. Above zero, remote write falls behind.', 'clamp_min(\n  %s\n  -\n  %s,\n  0\n)' % [rate(newest), rate(sent)]),
      ]),
      d.row('Samples', [
        graph('Rate, in vs. succeeded or dropped [5m]', 'short', 'Samples that came in and were neither delivered nor dropped on purpose, in each second. Lasting values above zero pile up in the queue.', |||
          rate(prometheus_remote_storage_samples_in_total{%(server)s}[5m])
          - ignoring (remote_name, url) group_right (instance)
          %(done)s
          - (%(dropped)s or 0 * %(done)s)
        ||| % {
          server: server,
          done: samples('total', rate),
          // Drops are counted by reason, which what is sent does not have, and
          // from the first one on: until then there are none.
          dropped: samples('dropped_total', function(series) 'sum without (reason) (%s)' % rate(series)),
        }, w=24),
      ]),
      d.row('Shards', [
        graph('Current Shards', 'short', 'Connections that send in parallel.', storage('shards'), w=24),
        graph('Max Shards', 'short', 'Most shards that the configuration allows.', storage('shards_max'), w=8),
        graph('Min Shards', 'short', 'Fewest shards that the configuration allows.', storage('shards_min'), w=8),
        graph('Desired Shards', 'short', 'Shards that would be needed to keep up. Above the maximum, the endpoint or the network is too slow.', storage('shards_desired'), w=8),
      ]),
      d.row('Shard Details', [
        graph('Shard Capacity', 'short', 'Samples that one shard can hold.', storage('shard_capacity')),
        graph('Pending Samples', 'short', 'Samples in the shards that are not yet delivered.', samples('pending')),
      ]),
      d.row('Segments', [
        graph('TSDB Current Segment', 'none', 'Number of the file that the write-ahead log is writing.', 'prometheus_tsdb_wal_segment_current{%s}' % server, legend=serverName),
        graph('Remote Write Current Segment', 'none', 'Number of the file that remote write is reading. It should follow the one beside it closely.', 'prometheus_wal_watcher_current_segment{%s}' % server, legend=serverName + ' {{consumer}}'),
      ]),
      d.row('Misc. Rates', [
        graph('Dropped Samples', 'short', 'Samples not sent, in each second, because relabelling dropped them, they were too old, or their series was unknown.', samples('dropped_total', rate)),
        graph('Failed Samples', 'short', 'Samples lost in each second, because the endpoint refused them for good.', samples('failed_total', rate)),
        graph('Retried Samples', 'short', 'Samples sent again in each second, after an error that may pass.', samples('retried_total', rate)),
        graph('Enqueue Retries', 'short', 'Attempts in each second to put samples into a shard that was full.', rate(storage('enqueue_retries_total'))),
      ]),
    ],
  )
