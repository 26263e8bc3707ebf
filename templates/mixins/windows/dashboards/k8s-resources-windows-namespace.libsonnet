// Compute Resources / Namespace(Windows): what the Windows pods of one
// namespace use, against their requests and limits.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local row = d.rowLabel('pod', 'Pod', k.to.pod);
  local cpu = k.cpu('pod', k.inNamespace);
  local memory = k.memory('pod', k.inNamespace);

  k.dashboard(
    'Compute Resources / Namespace(Windows)',
    '490b402361724ab1d4c45666c1fa9b6f',
    'CPU and memory of the Windows containers of one namespace, by pod.',
    variables=[k.namespace],
    panels=[
      k.useGraph('CPU Usage', 'short', 'CPU cores in use, by pod.', cpu),
      k.quotaTable('CPU Quota', 'short', 'CPU cores that the containers of each pod use, request and may use at most.', 'CPU', cpu, row),
      k.useGraph('Memory Usage (Private Working Set)', 'bytes', 'Memory that the containers of a pod share with nobody, by pod.', memory),
      k.quotaTable('Memory Quota', 'bytes', 'Private working set of each pod against its requests and limits.', 'Memory', memory, row),
    ],
  )
