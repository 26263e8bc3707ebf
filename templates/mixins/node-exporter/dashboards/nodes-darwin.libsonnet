// MacOS: one host that runs macOS, whose kernel sorts memory in its own way.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local hosts = (import 'common.libsonnet')(config);
  local memory(metric) = 'node_memory_%s_bytes{%s}' % [metric, hosts.onInstance];
  local app = '%s - %s' % [memory('internal'), memory('purgeable')];
  local used(aggregate) = std.join(' ', [
    aggregate % memory('internal'),
    '-',
    aggregate % memory('purgeable'),
    '+',
    aggregate % memory('wired'),
    '+',
    aggregate % memory('compressed'),
  ]);

  hosts.host(
    'MacOS',
    '629701ea43bf69291922ea45f4a87d37',
    'CPU, memory, disks and network of one macOS host.',
    'sysname="Darwin"',
    [
      d.timeseries('Memory Usage', 'bytes', 'Memory in use and its parts: of applications (less what they let the system purge), wired down by the kernel, and compressed.', [
        d.query(memory('total'), 'Physical Memory'),
        d.query(used('%s'), 'Memory Used'),
        d.query(app, 'App Memory'),
        d.query(memory('wired'), 'Wired Memory'),
        d.query(memory('compressed'), 'Compressed'),
      ], w=18, min=0),
      hosts.memoryGauge('100 * (%s) / avg(%s)' % [used('avg(%s)'), memory('total')]),
    ],
    // The names of disks that other dashboards look for are those of Linux.
    disks=[]
  )
