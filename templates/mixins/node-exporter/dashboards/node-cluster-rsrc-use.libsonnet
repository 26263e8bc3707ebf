// USE Method / Cluster: utilisation and saturation of all hosts. Each host adds
// its part, so that the height of a stack is the value of the cluster and a
// thick layer is a busy host. A click on a layer leads to the host.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local hosts = (import 'common.libsonnet')(config);
  local sel = hosts.inClusters;
  local record(name) = '%s{%s}' % [name, sel];
  // The mean over all series, as parts that add up to it.
  local part(name) = '%s / scalar(count(%s))' % [record(name), record(name)];
  local busy(expr) = '(%s) != 0' % expr;
  local toHost = [d.drilldown('Open this host', 'fac67cfbe174d3ef53eb473d73d9212f', keep=['cluster'], labels={ instance: 'instance' })];

  local stacked(title, unit, description, queries, w=12, overrides=[]) =
    d.timeseries(title, unit, description, queries, w=w, stack=true, legend='hidden', links=toHost, overrides=overrides);
  local one(title, unit, description, expr, legend='{{instance}}', w=12) =
    stacked(title, unit, description, [d.query(expr, legend)], w);
  local both(title, unit, description, received, sent) =
    stacked(title, unit, description, [
      d.query(busy(record(received)), '{{instance}} Receive'),
      d.query(busy(record(sent)), '{{instance}} Transmit'),
    ], overrides=[d.matching('Transmit', d.look.below)]);

  hosts.dashboard(
    'USE Method / Cluster',
    '3e97d1d02672cdd0861f4c97c64f89b2',
    'Utilisation and saturation of each resource, over all hosts.',
    variables=[hosts.cluster('node_time_seconds')],
    panels=[
      d.row('CPU', [
        one('CPU Utilisation', 'percentunit', 'CPU time in use, of the CPU time of all hosts. The stack is the cluster, a layer one host.', busy(
          '%s * %s / scalar(sum(%s))' % [
            record('instance:node_cpu_utilisation:rate5m'),
            record('instance:node_num_cpu:sum'),
            record('instance:node_num_cpu:sum'),
          ]
        )),
        one('CPU Saturation (Load1 per CPU)', 'percentunit', 'Tasks that run or wait to run for each CPU, on average over the hosts. Above 100 % tasks wait.', busy(part('instance:node_load1_per_cpu:ratio'))),
      ]),
      d.row('Memory', [
        one('Memory Utilisation', 'percentunit', 'Share of memory that is not available to programs, on average over the hosts.', busy(part('instance:node_memory_utilisation:ratio'))),
        one('Memory Saturation (Major Page Faults)', 'rds', 'Pages that programs need and that must be read from disk first, by host.', record('instance:node_vmstat_pgmajfault:rate5m')),
      ]),
      d.row('Network', [
        both('Network Utilisation (Bytes Receive/Transmit)', 'Bps', 'Bytes on all interfaces but the loopback, by host; sent bytes point down.', 'instance:node_network_receive_bytes_excluding_lo:rate5m', 'instance:node_network_transmit_bytes_excluding_lo:rate5m'),
        both('Network Saturation (Drops Receive/Transmit)', 'pps', 'Packets dropped on all interfaces but the loopback, by host; outgoing ones point down.', 'instance:node_network_receive_drop_excluding_lo:rate5m', 'instance:node_network_transmit_drop_excluding_lo:rate5m'),
      ]),
      d.row('Disk IO', [
        one('Disk IO Utilisation', 'percentunit', 'Share of time that disks were busy, on average over all disks.', part('instance_device:node_disk_io_time_seconds:rate5m'), '{{instance}} {{device}}'),
        one('Disk IO Saturation', 'short', 'Requests that a disk works on or that wait for it, on average over all disks.', part('instance_device:node_disk_io_time_weighted_seconds:rate5m'), '{{instance}} {{device}}'),
      ]),
      d.row('Disk Space', [
        one('Disk Space Utilisation', 'percentunit', 'Space in use on each host, of the space of all hosts. A filesystem that is mounted several times counts once.', |||
          sum without (device) (
            max without (fstype, mountpoint) (
              (node_filesystem_size_bytes{%(fs)s} - node_filesystem_avail_bytes{%(fs)s}) != 0
            )
          )
          / scalar(sum(max without (fstype, mountpoint) (node_filesystem_size_bytes{%(fs)s})))
        ||| % { fs: '%s, %s, %s' % [sel, config.fsSelector, config.fsMountpointSelector] }, w=24),
      ]),
    ],
  )
