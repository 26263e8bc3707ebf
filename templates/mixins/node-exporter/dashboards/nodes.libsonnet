// Nodes: one Linux host. Other systems name their memory metrics differently
// and have dashboards of their own.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local hosts = (import 'common.libsonnet')(config);
  local memory(metric) = 'node_memory_%s_bytes{%s}' % [metric, hosts.onInstance];

  hosts.host(
    'Nodes',
    '7d57716318ee0dddbac5a7f451fb7753',
    'CPU, memory, disks and network of one Linux host.',
    'sysname!="Darwin"',
    [
      d.timeseries('Memory Usage', 'bytes', 'What the memory is used for. Buffers and caches are given up when programs need the space.', [
        d.query(std.join('\n- ', [memory('MemTotal'), memory('MemFree'), memory('Buffers'), memory('Cached')]), 'memory used'),
        d.query(memory('Buffers'), 'memory buffers'),
        d.query(memory('Cached'), 'memory cached'),
        d.query(memory('MemFree'), 'memory free'),
      ], w=18, stack=true, min=0),
      hosts.memoryGauge('100 - 100 * avg(%s) / avg(%s)' % [memory('MemAvailable'), memory('MemTotal')]),
    ],
  )
