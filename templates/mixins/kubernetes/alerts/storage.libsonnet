// Volumes that run full and volumes that cannot be provided.

// The volume is below the level and in use, and its claim is not one of those
// that cannot grow or are left out on purpose.
local fillingUp(t, free, total, used, percent, trend='') = |||
  (
    %(free)s{%(kubeletVolumes)s}
    /
    %(total)s{%(kubeletVolumes)s}
    < %(level)g
  )
  and
  %(used)s{%(kubeletVolumes)s} > 0
  %(trend)sunless on (%(cluster)s, namespace, persistentvolumeclaim)
  kube_persistentvolumeclaim_access_mode{access_mode="ReadOnlyMany"} == 1
  unless on (%(cluster)s, namespace, persistentvolumeclaim)
  kube_persistentvolumeclaim_labels{%(pvExcludedSelector)s} == 1
||| % (t { free: free, total: total, used: used, level: percent / 100, trend: trend });

// A straight line through the recent past reaches zero within the forecast.
local runsOut(t, free) = |||
  and
  predict_linear(%(free)s{%(kubeletVolumes)s}[%(volumeTrendWindow)s], %(volumeForecastSeconds)d) < 0
||| % (t { free: free });

local bytes(t, percent, trend='') = fillingUp(t, 'kubelet_volume_stats_available_bytes', 'kubelet_volume_stats_capacity_bytes', 'kubelet_volume_stats_used_bytes', percent, trend);
local inodes(t, percent, trend='') = fillingUp(t, 'kubelet_volume_stats_inodes_free', 'kubelet_volume_stats_inodes', 'kubelet_volume_stats_inodes_used', percent, trend);

function(t) {
  name: 'kubernetes-storage',
  rules: (if t.kubelet then [
    {
      alert: 'KubePersistentVolumeFillingUp',
      expr: bytes(t, t.volumeCriticalPercent),
      'for': '1m',
      labels: { severity: 'critical' },
      annotations: {
        summary: 'Persistent volume is almost full.',
        description: 'The volume of claim {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }}%(inCluster)s has only {{ $value | humanizePercentage }} of its space left; once it is full, writes fail. Delete data, or enlarge the claim if its storage class allows that: `kubectl -n {{ $labels.namespace }} describe pvc {{ $labels.persistentvolumeclaim }}` names the pods that use it.' % t,
      },
    },
    {
      alert: 'KubePersistentVolumeFillingUp',
      expr: bytes(t, t.volumeWarningPercent, runsOut(t, 'kubelet_volume_stats_available_bytes')),
      'for': '1h',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Persistent volume is filling up.',
        description: 'The volume of claim {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }}%(inCluster)s has {{ $value | humanizePercentage }} of its space left and, at the pace of the last %(volumeTrendWindow)s, will be full within {{ %(volumeForecastSeconds)d | humanizeDuration }}. Delete data, or enlarge the claim if its storage class allows that: `kubectl -n {{ $labels.namespace }} describe pvc {{ $labels.persistentvolumeclaim }}` names the pods that use it.' % t,
      },
    },
    {
      alert: 'KubePersistentVolumeInodesFillingUp',
      expr: inodes(t, t.volumeCriticalPercent),
      'for': '1m',
      labels: { severity: 'critical' },
      annotations: {
        summary: 'Persistent volume is almost out of inodes.',
        description: 'The volume of claim {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }}%(inCluster)s has only {{ $value | humanizePercentage }} of its inodes left; without them no file can be created, however much space is free. Look for directories with very many small files in the pods that `kubectl -n {{ $labels.namespace }} describe pvc {{ $labels.persistentvolumeclaim }}` names.' % t,
      },
    },
    {
      alert: 'KubePersistentVolumeInodesFillingUp',
      expr: inodes(t, t.volumeWarningPercent, runsOut(t, 'kubelet_volume_stats_inodes_free')),
      'for': '1h',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Persistent volume is running out of inodes.',
        description: 'The volume of claim {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }}%(inCluster)s has {{ $value | humanizePercentage }} of its inodes left and, at the pace of the last %(volumeTrendWindow)s, will have none within {{ %(volumeForecastSeconds)d | humanizeDuration }}. Look for directories with very many small files in the pods that `kubectl -n {{ $labels.namespace }} describe pvc {{ $labels.persistentvolumeclaim }}` names.' % t,
      },
    },
  ] else []) + [
    {
      alert: 'KubePersistentVolumeErrors',
      expr: |||
        kube_persistentvolume_status_phase{%(kubeStateMetricsSelector)s, phase=~"Failed|Pending"} > 0
      ||| % t,
      'for': '5m',
      labels: { severity: 'critical' },
      annotations: {
        summary: 'Persistent volume cannot be provided or reclaimed.',
        description: 'Persistent volume {{ $labels.persistentvolume }}%(inCluster)s is in phase {{ $labels.phase }}: it could not be provided, or not be reclaimed after use. The reason is in `kubectl describe pv {{ $labels.persistentvolume }}` and in the log of the storage provisioner.' % t,
      },
    },
  ],
}
