// USE Method / Node(Windows): utilisation and saturation of one Windows node.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local recorded(record) = '%s{%s}' % [record, k.onInstance];
  local exported(metric) = '%s{%s, %s}' % [metric, k.onInstance, config.windowsExporterSelector];
  local rate(metric) = 'rate(%s[$__rate_interval])' % exported(metric);
  local graph(title, unit, description, queries, w=12, overrides=[], max=null) =
    d.timeseries(title, unit, description, queries, w=w, min=0, overrides=overrides, max=max);
  // The total has another name in exporters before 0.31.
  local memoryTotal = '(%s or %s)' % [exported('windows_memory_physical_total_bytes'), exported('windows_os_visible_memory_bytes')];

  k.dashboard(
    'USE Method / Node(Windows)',
    '96e7484b0bb53b74fbc2bcb7723cd40b',
    'How busy and how overloaded one Windows node is.',
    variables=[k.instance],
    panels=[
      graph('CPU Utilisation', 'percentunit', 'Share of CPU time that is not idle.', [
        d.query(recorded('node:windows_node_cpu_utilisation:avg1m'), 'Utilisation'),
      ], max=1),
      graph('CPU Usage Per Core', 'percentunit', 'The same for each core. One core at its limit hints at work that cannot be spread.', [
        d.query('sum by (core) (irate(windows_cpu_time_total{%s, mode!="idle", %s}[$__rate_interval]))' % [k.onInstance, config.windowsExporterSelector], '{{core}}'),
      ], max=1),
      graph('Memory Utilisation %', 'percentunit', 'Share of memory that is not available for new work.', [
        d.query(recorded('node:windows_node_memory_utilisation:'), 'Memory'),
      ], w=8, max=1),
      graph('Memory Usage', 'bytes', 'Memory in use, memory that could be given up because it is cache, and memory that is available. The latter two overlap.', [
        d.query('max(%s - %s)' % [memoryTotal, exported('windows_memory_available_bytes')], 'memory used'),
        d.query('max(%s)' % recorded('node:windows_node_memory_totalCached_bytes:sum'), 'memory cached'),
        d.query('max(%s)' % exported('windows_memory_available_bytes'), 'memory free'),
      ], w=8),
      graph('Memory Saturation (Swap I/O) Pages', 'short', 'Pages moved from and to the page file in each second. Lasting traffic means too little memory.', [
        d.query(recorded('node:windows_node_memory_swap_io_pages:irate'), 'Swap IO'),
      ], w=8),
      graph('Disk IO Utilisation', 'percentunit', 'Time that the volumes work, on average. More than 100 % means that they serve several requests at once.', [
        d.query(recorded('node:windows_node_disk_utilisation:avg_irate'), 'Utilisation'),
      ]),
      graph('Disk IO', 'Bps', 'Bytes read from and written to the busiest volume, and, on the right axis, how much of the time its requests take.', [
        d.query('max(%s)' % rate('windows_logical_disk_read_bytes_total'), 'read'),
        d.query('max(%s)' % rate('windows_logical_disk_write_bytes_total'), 'written'),
        d.query('max(%s + %s)' % [rate('windows_logical_disk_read_seconds_total'), rate('windows_logical_disk_write_seconds_total')], 'io time'),
      ], overrides=[d.named('io time', d.look.rightAxis { unit: 'percentunit' })]),
      graph('Disk Utilisation', 'percentunit', 'How full each volume is.', [
        d.query(recorded('node:windows_node_filesystem_usage:'), '{{volume}}'),
      ], w=24, max=1),
      graph('Net Utilisation (Transmitted)', 'Bps', 'Bytes sent and received on all interfaces.', [
        d.query(recorded('node:windows_node_net_utilisation:sum_irate'), 'Utilisation'),
      ]),
      graph('Net Saturation (Dropped)', 'pps', 'Packets discarded in both directions. It should be zero.', [
        d.query(recorded('node:windows_node_net_saturation:sum_irate'), 'Saturation'),
      ]),
    ],
  )
