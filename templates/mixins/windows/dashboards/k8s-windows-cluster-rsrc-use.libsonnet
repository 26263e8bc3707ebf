// USE Method / Cluster(Windows): utilisation and saturation of the Windows
// nodes of one cluster, side by side.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local of(record) = '%s{%s}' % [record, k.inCluster];
  local perNode(title, unit, description, expr, w=12, stack=false) =
    d.timeseries(title, unit, description, [d.query(expr, '{{instance}}')], w=w, stack=stack, min=0);

  k.dashboard(
    'USE Method / Cluster(Windows)',
    '53a43377ec9aaf2ff64dfc7a1f539334',
    'How busy and how overloaded the Windows nodes of one cluster are.',
    variables=[],
    panels=[
      perNode('CPU Utilisation', 'percentunit', 'CPU that each node uses, as its part of the cores of all Windows nodes: the stack reaches 100 % when all are busy.', |||
        %s
        * %s
        / scalar(sum(%s))
      ||| % [of('node:windows_node_cpu_utilisation:avg1m'), of('node:windows_node_num_cpu:sum'), of('node:windows_node_num_cpu:sum')], w=24, stack=true),
      perNode('Memory Utilisation', 'percentunit', 'Memory that each node uses, as its part of the memory of all Windows nodes.', of('node:windows_node_memory_utilisation:ratio'), stack=true),
      perNode('Memory Saturation (Swap I/O Pages)', 'short', 'Pages that each node moves from and to its page file in each second. Lasting traffic means too little memory.', of('node:windows_node_memory_swap_io_pages:irate')),
      perNode('Disk IO Utilisation', 'percentunit', 'Time that the disks of each node work, as its part of all Windows nodes.', |||
        %s
        / scalar(%s)
      ||| % [of('node:windows_node_disk_utilisation:avg_irate'), of('node:windows_node:sum')], w=24, stack=true),
      perNode('Net Utilisation (Transmitted)', 'Bps', 'Bytes that each node sends and receives on all its interfaces.', of('node:windows_node_net_utilisation:sum_irate'), stack=true),
      perNode('Net Utilisation (Dropped)', 'pps', 'Packets that each node discards, in both directions. It should be zero.', of('node:windows_node_net_saturation:sum_irate'), stack=true),
      perNode('Disk Capacity', 'percentunit', 'How full the fullest volume of each node is.', 'max by (instance) (%s)' % of('node:windows_node_filesystem_usage:'), w=24),
    ],
  )
