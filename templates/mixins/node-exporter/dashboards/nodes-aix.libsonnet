// AIX: one host that runs AIX, which tells what memory is available but not
// what the rest is used for.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local hosts = (import 'common.libsonnet')(config);
  local memory(metric) = 'node_memory_%s_bytes{%s}' % [metric, hosts.onInstance];

  hosts.host(
    'AIX',
    '7e0a61e486f727d763fb1d86fdd629c2',
    'CPU, memory, disks and network of one AIX host.',
    'sysname!="Darwin"',
    [
      d.timeseries('Memory Usage', 'bytes', 'Memory of the host, and the part of it that is not available to programs.', [
        d.query(memory('total'), 'Physical Memory'),
        d.query('%s - %s' % [memory('total'), memory('available')], 'Memory Used'),
      ], w=18, min=0),
      hosts.memoryGauge('100 - 100 * avg(%s) / avg(%s)' % [memory('available'), memory('total')]),
    ],
    // The names of disks that other dashboards look for are those of Linux.
    disks=[]
  )
