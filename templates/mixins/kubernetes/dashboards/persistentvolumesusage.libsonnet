// Persistent Volumes: space and inodes of one claim, as the kubelet sees them.
// Only claims that a running pod mounts are counted.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local volumes(matchers) = 'kubelet_volume_stats_capacity_bytes{%s%s}' % [matchers, config.kubeletSelector];
  local chosen = '%s, namespace="$namespace", persistentvolumeclaim="$volume", %s' % [k.inCluster, config.kubeletSelector];
  local stat(metric) = 'kubelet_volume_stats_%s{%s}' % [metric, chosen];
  // A volume that several nodes mount, or whose kubelet is scraped by way of
  // two services, has the same figures several times.
  local once(expr) = 'max(\n  %s\n)' % expr;
  local difference(whole, part) = '%s\n  -\n  %s' % [stat(whole), stat(part)];
  local share(part, whole) = '100 * (\n  %s\n  )\n  /\n  %s' % [part, stat(whole)];

  local graph(title, unit, description, usedName, used, freeName, free) =
    d.timeseries(title, unit, description, [
      d.query(once(used), usedName),
      d.query(once(free), freeName),
    ], w=18, stack=true, min=0);
  local full(title, description, expr) =
    d.gauge(title, 'percent', description, [d.instant(once(expr))], 0, 100, thresholds=d.thresholds('green', [[80, 'orange'], [90, 'red']]));

  k.dashboard(
    'Persistent Volumes',
    '919b92a8e8041bd567af9edab12c840c',
    'Space and inodes of one persistent volume claim. Claims that no running pod mounts are not measured.',
    variables=[
      d.variable.cluster(config, volumes('')),
      d.variable.label('namespace', volumes(k.inCluster + ', '), label='Namespace'),
      d.variable.label('volume', volumes(k.inCluster + ', namespace="$namespace", '), 'persistentvolumeclaim', 'PersistentVolumeClaim'),
    ],
    panels=[
      graph('Volume Space Usage', 'bytes', 'Space of the volume that is used and free.', 'Used Space', difference('capacity_bytes', 'available_bytes'), 'Free Space', stat('available_bytes')),
      full('Volume Space Usage', 'Share of the space that is used. Writers fail when nothing is left.', share(difference('capacity_bytes', 'available_bytes'), 'capacity_bytes')),
      graph('Volume inodes Usage', 'none', 'Inodes of the volume that are used and free; every file and folder takes one.', 'Used inodes', stat('inodes_used'), 'Free inodes', difference('inodes', 'inodes_used')),
      full('Volume inodes Usage', 'Share of the inodes that are used. Without a free one, no file can be created however much space is left.', share(stat('inodes_used'), 'inodes')),
    ],
  )
