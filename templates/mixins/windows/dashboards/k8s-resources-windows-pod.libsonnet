// Compute Resources / Pod(Windows): what the containers of one Windows pod use,
// against their requests and limits, and their network traffic.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local row = d.rowLabel('container', 'Container');
  local cpu = k.cpu('container', k.inPod);
  local memory = k.memory('container', k.inPod);
  local traffic(direction) = 'sum by (container) (rate(windows_container_network_%s_bytes_total{%s}[$__rate_interval]))' % [direction, k.inPod];

  k.dashboard(
    'Compute Resources / Pod(Windows)',
    '40597a704a610e936dc6ed374a7ce023',
    'CPU, memory and network of one Windows pod, by container.',
    variables=[k.namespace, k.pod],
    panels=[
      k.useGraph('CPU Usage', 'short', 'CPU cores in use, by container.', cpu),
      k.quotaTable('CPU Quota', 'short', 'CPU cores that each container uses, requests and may use at most.', 'CPU', cpu, row),
      k.useGraph('Memory Usage', 'bytes', 'Private working set, by container: memory that it shares with nobody.', memory),
      k.quotaTable('Memory Quota', 'bytes', 'Private working set of each container against its requests and limits.', 'Memory', memory, row),
      d.timeseries('Network I/O', 'Bps', 'Traffic of each container: received above the axis, sent below it.', [
        d.query(traffic('received'), 'Received : {{container}}'),
        d.query(traffic('transmitted'), 'Transmitted : {{container}}'),
      ], w=24, overrides=[d.matching('^Transmitted', d.look.below)]),
    ],
  )
