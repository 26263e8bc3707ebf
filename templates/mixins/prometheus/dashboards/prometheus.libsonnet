// Prometheus / Overview: what Prometheus servers discover, scrape, hold and
// answer. Remote write has a dashboard of its own.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local cluster = config.clusterLabel;
  local sel = '%s=~"$cluster", job=~"$job", instance=~"$instance"' % cluster;
  local server = '%s, job, instance' % cluster;
  local name = '{{%s}} {{job}} {{instance}}' % cluster;

  local perServer(title, unit, description, expr, w=12, legend=name) =
    d.timeseries(title, unit, description, [d.query(expr, legend)], w=w, stack=true, min=0);
  local refused(metric, why) =
    d.query('sum by (%s) (rate(prometheus_target_scrapes_%s_total{%s}[1m]))' % [server, metric, sel], '%s: %s' % [why, name]);

  d.dashboard(
    'Prometheus / Overview',
    '9fa0d141-d019-4ad7-8bc5-42196ee308bd',
    'What Prometheus servers discover, scrape, store and answer.',
    tags=config.dashboardTags,
    links=[d.dashboardsTagged('Prometheus', config.dashboardTags)],
    variables=[
      d.variable.datasource(config.datasourceFilterRegex),
      d.variable.cluster(config, 'prometheus_build_info{%s}' % config.prometheusSelector, all=true, allValue=config.dashboardAllClusters) { multi: true },
      d.variable.label('job', 'prometheus_build_info{%s=~"$cluster"}' % cluster, multi=true, all=true, allValue='.+'),
      d.variable.label('instance', 'prometheus_build_info{%s=~"$cluster", job=~"$job"}' % cluster, multi=true, all=true, allValue='.+'),
    ],
    panels=[
      d.row('Prometheus Stats', [
        d.table('Prometheus Stats', 'short', 'Version of each server, and the time since it started.', [
          d.rowLabel(cluster, 'Cluster'),
          d.rowLabel('job', 'Job'),
          d.rowLabel('instance', 'Instance'),
          d.rowLabel('version', 'Version'),
        ], [
          d.column(null, 'count by (%s, version) (prometheus_build_info{%s})' % [server, sel]),
          d.column('Uptime', 'max by (%s) (time() - process_start_time_seconds{%s})' % [server, sel], 's'),
        ]),
      ]),
      d.row('Discovery', [
        d.timeseries('Target Sync', 'ms', 'Time spent in each second to bring the targets of a scrape job up to date. It grows with the number of targets that discovery returns before relabelling.', [
          d.query('1000 * sum by (%s, scrape_job) (rate(prometheus_target_sync_length_seconds_sum{%s}[5m]))' % [server, sel], name + ' {{scrape_job}}'),
        ], min=0),
        perServer('Targets', 'short', 'Targets that service discovery returns, before relabelling drops some.', 'sum by (%s) (prometheus_sd_discovered_targets{%s})' % [server, sel]),
      ]),
      d.row('Retrieval', [
        d.timeseries('Average Scrape Interval Duration', 'ms', 'Mean time between two scrapes of a target, by configured interval. Longer than configured means that the server cannot keep up.', [
          d.query('1000 * rate(prometheus_target_interval_length_seconds_sum{%(sel)s}[5m])\n/\nrate(prometheus_target_interval_length_seconds_count{%(sel)s}[5m])' % { sel: sel }, name + ' {{interval}} configured'),
        ], w=8, min=0),
        d.timeseries('Scrape failures', 'short', 'Scrapes refused for their size, and samples refused for their timestamps, in each second.', [
          refused('exceeded_body_size_limit', 'body too large'),
          refused('exceeded_sample_limit', 'too many samples'),
          refused('sample_duplicate_timestamp', 'duplicate timestamp'),
          refused('sample_out_of_bounds', 'out of bounds'),
          refused('sample_out_of_order', 'out of order'),
        ], w=8, stack=true, min=0),
        perServer('Appended Samples', 'short', 'Samples that each server stores in each second.', 'rate(prometheus_tsdb_head_samples_appended_total{%s}[5m])' % sel, w=8, legend=name + ' {{type}}'),
      ]),
      d.row('Storage', [
        perServer('Head Series', 'short', 'Series with samples in the last hours, which are held in memory.', 'prometheus_tsdb_head_series{%s}' % sel),
        perServer('Head Chunks', 'short', 'Blocks of samples of these series that are not yet written to a block on disk.', 'prometheus_tsdb_head_chunks{%s}' % sel),
      ]),
      d.row('Query', [
        perServer('Query Rate', 'short', 'Queries that each server evaluates in each second, those of its rules included.', 'rate(prometheus_engine_query_duration_seconds_count{slice="inner_eval", %s}[5m])' % sel),
        d.timeseries('Stage Duration', 'ms', 'Time that nine in ten queries stay below in each stage, on the slowest server.', [
          d.query('1000 * max by (slice) (prometheus_engine_query_duration_seconds{quantile="0.9", %s})' % sel, '{{slice}}'),
        ], stack=true, min=0),
      ]),
    ],
  )
