// What the dashboards of hosts share: their frame, their variables, and the
// panels that look the same on every operating system. Memory differs by
// system, so its panels are in the dashboard of each.
local d = import 'lib/dashboard.libsonnet';

function(config) {
  local inClusters = '%s=~"$cluster", %s' % [config.clusterLabel, config.nodeExporterSelector],

  // A dashboard of this mixin.
  dashboard(title, uid, description, variables, panels)::
    d.dashboard(
      config.dashboardNamePrefix + title,
      uid,
      description,
      variables=[d.variable.datasource(config.datasourceFilterRegex)] + variables,
      panels=panels,
      tags=config.dashboardTags,
      links=[d.dashboardsTagged('Hosts', config.dashboardTags)],
      refresh=config.dashboardRefresh,
    ),

  // All exporters in the chosen clusters, and the one that is chosen.
  inClusters: inClusters,
  onInstance: 'instance="$instance", ' + inClusters,

  cluster(metric):: d.variable.cluster(config, metric, all=true, allValue='.*'),

  // A dashboard of one host, with the panels of its memory. `system` is the
  // matcher of the operating systems on offer, `disks` are those of the disks to show.
  host(title, uid, description, system, memory, disks=[config.diskDeviceSelector])::
    self.dashboard(
      title,
      uid,
      description,
      variables=[
        self.cluster('node_uname_info{%s, %s}' % [system, config.nodeExporterSelector]),
        d.variable.label('instance', 'node_uname_info{%s, %s}' % [system, inClusters], label='Instance'),
      ],
      panels=[
        d.row('CPU', cpuPanels(self.onInstance)),
        d.row('Memory', memory),
        d.row('Disk', diskPanels(self.onInstance, disks)),
        d.row('Network', networkPanels(self.onInstance)),
      ],
    ),

  // The share of memory in use, beside the memory over time.
  memoryGauge(percent)::
    d.gauge('Memory Usage', 'percent', 'Memory in use right now. Beyond 90 % the system begins to push out what it will need again.', [
      d.instant(percent),
    ], min=0, max=100, thresholds=d.thresholds('green', [[80, 'orange'], [90, 'red']])),

  local cpuPanels(sel) = [
    d.timeseries('CPU Usage', 'percentunit', 'Time that each CPU works, as its part of all CPUs: the stack reaches 100 % when all are busy. Waiting for disks and time taken by other guests of the hypervisor do not count as work.', [
      d.query(|||
        (1 - sum without (mode) (rate(node_cpu_seconds_total{mode=~"idle|iowait|steal", %(sel)s}[$__rate_interval])))
        / ignoring (cpu) group_left
        count without (cpu, mode) (node_cpu_seconds_total{mode="idle", %(sel)s})
      ||| % { sel: sel }, '{{cpu}}'),
    ], stack=true, min=0, max=1),
    d.timeseries('Load Average', 'short', 'Tasks that run or wait to run, averaged over 1, 5 and 15 minutes. Lasting load above the number of logical cores means that tasks queue.', [
      d.query('node_load1{%s}' % sel, '1m load average'),
      d.query('node_load5{%s}' % sel, '5m load average'),
      d.query('node_load15{%s}' % sel, '15m load average'),
      d.query('count(node_cpu_seconds_total{mode="idle", %s})' % sel, 'logical cores'),
    ], min=0, fill=0),
  ],

  local diskPanels(sel, disks) =
    local perDisk(metric) = 'rate(%s{%s}[$__rate_interval])' % [metric, std.join(', ', [sel] + disks)];
    local perMount(metric) = 'max by (mountpoint) (%s{%s, %s, %s})' % [metric, sel, config.fsSelector, config.fsMountpointSelector];
    local size = perMount('node_filesystem_size_bytes');
    local free = perMount('node_filesystem_avail_bytes');
    [
      d.timeseries('Disk I/O', 'Bps', 'Bytes read from and written to each disk, and, on the right axis, the share of time that the disk was busy.', [
        d.query(perDisk('node_disk_read_bytes_total'), '{{device}} read'),
        d.query(perDisk('node_disk_written_bytes_total'), '{{device}} written'),
        d.query(perDisk('node_disk_io_time_seconds_total'), '{{device}} io time'),
      ], min=0, fill=0, overrides=[d.matching(' io time$', d.look.rightAxis { unit: 'percentunit' })]),
      d.table('Disk Space Usage', 'decbytes', 'Size and free space of each mount point. What only root may use counts as used.', [
        d.rowLabel('mountpoint', 'Mounted on', width=260),
      ], [
        d.column('Size', size, width=93),
        d.column('Available', free, width=88),
        d.column('Used', '%s - %s' % [size, free], width=82),
        d.column('Used, %', '1 - %s / %s' % [free, size], 'percentunit', bar=true),
      ], w=12, sortBy='Mounted on', thresholds=d.thresholds('green', [[0.8, 'yellow'], [0.9, 'red']])),
    ],

  local networkPanels(sel) =
    local perDevice(metric) = '8 * rate(%s{device!="lo", %s}[$__rate_interval])' % [metric, sel];
    [
      d.timeseries('Network Received', 'bps', 'Bits received on each interface but the loopback.', [
        d.query(perDevice('node_network_receive_bytes_total'), '{{device}}'),
      ], min=0, fill=0),
      d.timeseries('Network Transmitted', 'bps', 'Bits sent on each interface but the loopback.', [
        d.query(perDevice('node_network_transmit_bytes_total'), '{{device}}'),
      ], min=0, fill=0),
    ],
}
