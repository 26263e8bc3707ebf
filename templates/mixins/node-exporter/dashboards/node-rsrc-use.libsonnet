// USE Method / Node: for each resource of one host, how much of it is used and
// how much work waits for it. Zeros are left out, so that an idle device does
// not fill the legend.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local hosts = (import 'common.libsonnet')(config);
  local sel = hosts.onInstance;
  local busy(record) = '%s{%s} != 0' % [record, sel];
  local perDevice(metric) = 'max without (fstype, mountpoint) (%s{%s, %s})' % [metric, sel, config.fsSelector];

  local one(title, unit, description, expr, legend, w=12) =
    d.timeseries(title, unit, description, [d.query(expr, legend)], w=w, stack=true);
  local both(title, unit, description, received, sent) =
    d.timeseries(title, unit, description, [
      d.query(busy(received), 'Receive'),
      d.query(busy(sent), 'Transmit'),
    ], stack=true, overrides=[d.matching('Transmit', d.look.below)]);

  hosts.dashboard(
    'USE Method / Node',
    'fac67cfbe174d3ef53eb473d73d9212f',
    'Utilisation and saturation of each resource of one host.',
    variables=[
      hosts.cluster('node_time_seconds'),
      d.variable.label('instance', 'node_exporter_build_info{%s}' % hosts.inClusters),
    ],
    panels=[
      d.row('CPU', [
        one('CPU Utilisation', 'percentunit', 'Share of CPU time that is not idle.', busy('instance:node_cpu_utilisation:rate5m'), 'Utilisation'),
        one('CPU Saturation (Load1 per CPU)', 'percentunit', 'Tasks that run or wait to run, for each CPU. Above 100 % tasks wait.', busy('instance:node_load1_per_cpu:ratio'), 'Saturation'),
      ]),
      d.row('Memory', [
        one('Memory Utilisation', 'percentunit', 'Share of memory that is not available to programs.', busy('instance:node_memory_utilisation:ratio'), 'Utilisation'),
        one('Memory Saturation (Major Page Faults)', 'rds', 'Pages that programs need and that must be read from disk first. Many of them mean that memory is short.', busy('instance:node_vmstat_pgmajfault:rate5m'), 'Major page faults'),
      ]),
      d.row('Network', [
        both('Network Utilisation (Bytes Receive/Transmit)', 'Bps', 'Bytes on the physical interfaces; sent bytes point down.', 'instance:node_network_receive_bytes_physical:rate5m', 'instance:node_network_transmit_bytes_physical:rate5m'),
        both('Network Saturation (Drops Receive/Transmit)', 'pps', 'Packets dropped on the physical interfaces, mostly for want of buffers; outgoing ones point down.', 'instance:node_network_receive_drop_physical:rate5m', 'instance:node_network_transmit_drop_physical:rate5m'),
      ]),
      d.row('Disk IO', [
        one('Disk IO Utilisation', 'percentunit', 'Share of time that each disk was busy. Disks that work in parallel are not full at 100 %.', busy('instance_device:node_disk_io_time_seconds:rate5m'), '{{device}}'),
        one('Disk IO Saturation', 'short', 'Mean number of requests that each disk works on or that wait for it.', busy('instance_device:node_disk_io_time_weighted_seconds:rate5m'), '{{device}}'),
      ]),
      d.row('Disk Space', [
        d.timeseries('Disk Space Utilisation', 'percentunit', 'Share of each filesystem that is in use.', [
          d.query('sort_desc(1 - %s / %s != 0)' % [perDevice('node_filesystem_avail_bytes'), perDevice('node_filesystem_size_bytes')], '{{device}}'),
        ], w=24, max=1),
      ]),
    ],
  )
