// Alerts of hosts: filesystems, network, clock, RAID, CPU, memory, disks,
// systemd and bonded links, one per fault and node. Thresholds and windows are
// in config.libsonnet.
local annotations = import 'lib/annotations.libsonnet';

{
  local config = $._config,

  // The four kinds of filesystem alert, over the metrics for what is left and
  // for the total. The value is what is left, in percent. Read-only
  // filesystems are left out: nothing can fill them, and images are full by
  // nature.
  local space = { left: 'node_filesystem_avail_bytes', total: 'node_filesystem_size_bytes' },
  local inodes = { left: 'node_filesystem_files_free', total: 'node_filesystem_files' },
  local fsMatchers = std.join(',', [config.nodeExporterSelector, config.fsSelector, config.fsMountpointSelector]),
  local below(quantity, threshold) = |||
    %(left)s{%(matchers)s} / %(total)s{%(matchers)s} * 100 < %(threshold)s
    and
    node_filesystem_readonly{%(matchers)s} == 0
  ||| % (quantity { matchers: fsMatchers, threshold: threshold }),
  local fillingUp(quantity, threshold, hours) = |||
    %(left)s{%(matchers)s} / %(total)s{%(matchers)s} * 100 < %(threshold)s
    and
    predict_linear(%(left)s{%(matchers)s}[%(window)s], %(hours)s * 3600) < 0
    and
    node_filesystem_readonly{%(matchers)s} == 0
  ||| % (quantity { matchers: fsMatchers, threshold: threshold, hours: hours, window: config.fsFillingUpWindow }),

  // Names a filesystem in a description.
  local fsName = '{{ $labels.mountpoint }} ({{ $labels.device }}, {{ $labels.fstype }}) on {{ $labels.instance }}',

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'node-exporter',
        rules: [
          {
            alert: 'NodeFilesystemSpaceFillingUp',
            expr: fillingUp(space, config.fsSpaceFillingUpWarningThreshold, config.fsFillingUpWarningHours),
            'for': '1h',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeFilesystemSpaceFillingUp',
              'A filesystem is on its way to run out of space.',
              fsName + ' has {{ printf "%%.1f" $value }}%% of its space left and will be full within %(fsFillingUpWarningHours)s hours if the trend of the last %(fsFillingUpWindow)s goes on. ' +
              'A full filesystem stops writes; on the disks of the kubelet, pods are evicted before that. ' +
              'Find what grows: images, container logs, emptyDir volumes, journals.'
            ),
          },
          {
            alert: 'NodeFilesystemSpaceFillingUp',
            expr: fillingUp(space, config.fsSpaceFillingUpCriticalThreshold, config.fsFillingUpCriticalHours),
            'for': '1h',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'NodeFilesystemSpaceFillingUp',
              'A filesystem is about to run out of space.',
              fsName + ' has only {{ printf "%%.1f" $value }}%% of its space left and will be full within %(fsFillingUpCriticalHours)s hours if the trend of the last %(fsFillingUpWindow)s goes on. ' +
              'Writes will fail and pods on this node will be evicted. ' +
              'Delete or move what grows now, or enlarge the filesystem.'
            ),
          },
          {
            alert: 'NodeFilesystemAlmostOutOfSpace',
            expr: below(space, config.fsSpaceAvailableWarningThreshold),
            'for': '30m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeFilesystemAlmostOutOfSpace',
              'A filesystem has little space left.',
              fsName + ' has {{ printf "%%.2f" $value }}%% of its space left. ' +
              'One large write is enough to fill it. ' +
              'Free space, or enlarge the filesystem.'
            ),
          },
          {
            alert: 'NodeFilesystemAlmostOutOfSpace',
            expr: below(space, config.fsSpaceAvailableCriticalThreshold),
            'for': '30m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'NodeFilesystemAlmostOutOfSpace',
              'A filesystem has next to no space left.',
              fsName + ' has only {{ printf "%%.2f" $value }}%% of its space left. ' +
              'Expect failing writes, crashing databases and evicted pods at any moment. ' +
              'Free space at once.'
            ),
          },
          {
            alert: 'NodeFilesystemFilesFillingUp',
            expr: fillingUp(inodes, config.fsFilesFillingUpWarningThreshold, config.fsFillingUpWarningHours),
            'for': '1h',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeFilesystemFilesFillingUp',
              'A filesystem is on its way to run out of inodes.',
              fsName + ' has {{ printf "%%.1f" $value }}%% of its inodes left and will have none within %(fsFillingUpWarningHours)s hours if the trend of the last %(fsFillingUpWindow)s goes on. ' +
              'No file can be created then, however much space is free. ' +
              'Look for a directory that collects small files: caches, sessions, mail queues.'
            ),
          },
          {
            alert: 'NodeFilesystemFilesFillingUp',
            expr: fillingUp(inodes, config.fsFilesFillingUpCriticalThreshold, config.fsFillingUpCriticalHours),
            'for': '1h',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'NodeFilesystemFilesFillingUp',
              'A filesystem is about to run out of inodes.',
              fsName + ' has only {{ printf "%%.1f" $value }}%% of its inodes left and will have none within %(fsFillingUpCriticalHours)s hours if the trend of the last %(fsFillingUpWindow)s goes on. ' +
              'No file can be created then, however much space is free. ' +
              'Delete small files now; most filesystems cannot add inodes later.'
            ),
          },
          {
            alert: 'NodeFilesystemAlmostOutOfFiles',
            expr: below(inodes, config.fsFilesAvailableWarningThreshold),
            'for': '1h',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeFilesystemAlmostOutOfFiles',
              'A filesystem has few inodes left.',
              fsName + ' has {{ printf "%%.2f" $value }}%% of its inodes left. ' +
              'Soon no file can be created on it, however much space is free. ' +
              'Look for a directory with very many small files.'
            ),
          },
          {
            alert: 'NodeFilesystemAlmostOutOfFiles',
            expr: below(inodes, config.fsFilesAvailableCriticalThreshold),
            'for': '1h',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'NodeFilesystemAlmostOutOfFiles',
              'A filesystem has next to no inodes left.',
              fsName + ' has only {{ printf "%%.2f" $value }}%% of its inodes left. ' +
              'Creating files is about to fail, however much space is free. ' +
              'Delete small files at once.'
            ),
          },
          {
            alert: 'NodeNetworkReceiveErrs',
            expr: |||
              rate(node_network_receive_errs_total{%(nodeExporterSelector)s}[%(networkErrsWindow)s])
              / rate(node_network_receive_packets_total{%(nodeExporterSelector)s}[%(networkErrsWindow)s])
              > %(networkErrsThreshold)s
            ||| % config,
            'for': '1h',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeNetworkReceiveErrs',
              'A network device receives faulty packets.',
              '{{ $value | humanizePercentage }} of the packets that {{ $labels.device }} of {{ $labels.instance }} receives are faulty. ' +
              'Connections of the node are slow or break off. ' +
              'Check cable, transceiver, switch port, duplex and MTU; `ethtool -S {{ $labels.device }}` names the kind of error.'
            ),
          },
          {
            alert: 'NodeNetworkTransmitErrs',
            expr: |||
              rate(node_network_transmit_errs_total{%(nodeExporterSelector)s}[%(networkErrsWindow)s])
              / rate(node_network_transmit_packets_total{%(nodeExporterSelector)s}[%(networkErrsWindow)s])
              > %(networkErrsThreshold)s
            ||| % config,
            'for': '1h',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeNetworkTransmitErrs',
              'A network device fails to send packets.',
              'For {{ $value | humanizePercentage }} of the packets that {{ $labels.device }} of {{ $labels.instance }} sends there is a transmit error. ' +
              'Connections of the node are slow or break off. ' +
              'Check cable, switch port, driver and firmware; `ethtool -S {{ $labels.device }}` names the kind of error.'
            ),
          },
          {
            alert: 'NodeHighNumberConntrackEntriesUsed',
            expr: |||
              node_nf_conntrack_entries{%(nodeExporterSelector)s} / node_nf_conntrack_entries_limit{%(nodeExporterSelector)s}
              > %(conntrackUsageThreshold)s
            ||| % config,
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeHighNumberConntrackEntriesUsed',
              'The connection tracking table of a node is filling up.',
              '{{ $value | humanizePercentage }} of the connection tracking table of {{ $labels.instance }} is in use. ' +
              'When it is full, the kernel drops new connections, those of health checks and DNS included. ' +
              'Find who opens so many connections (`conntrack -S`, `conntrack -L`), or raise net.netfilter.nf_conntrack_max.'
            ),
          },
          {
            alert: 'NodeTextFileCollectorScrapeError',
            expr: 'node_textfile_scrape_error{%(nodeExporterSelector)s} == 1' % config,
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeTextFileCollectorScrapeError',
              'Node-exporter cannot read a text file of metrics.',
              'node-exporter on {{ $labels.instance }} failed to read or parse a file of its textfile directory. ' +
              'The metrics of that file are missing, so alerts on them are blind. ' +
              'Its log names the file; check permissions and format, duplicate metrics included.'
            ),
          },
          {
            // An offset on its way back to zero is being corrected already.
            alert: 'NodeClockSkewDetected',
            expr: |||
              (
                node_timex_offset_seconds{%(nodeExporterSelector)s} > %(clockSkewThreshold)s
                and
                deriv(node_timex_offset_seconds{%(nodeExporterSelector)s}[%(clockWindow)s]) >= 0
              )
              or
              (
                node_timex_offset_seconds{%(nodeExporterSelector)s} < -%(clockSkewThreshold)s
                and
                deriv(node_timex_offset_seconds{%(nodeExporterSelector)s}[%(clockWindow)s]) <= 0
              )
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeClockSkewDetected',
              'The clock of a node is off and not coming back.',
              'The clock of {{ $labels.instance }} is off by {{ $value | humanizeDuration }}, and the offset does not shrink. ' +
              'Leases, certificates, tokens and the order of log lines depend on it. ' +
              'Check the time service (chronyd, ntpd, systemd-timesyncd) and whether its servers can be reached.'
            ),
          },
          {
            alert: 'NodeClockNotSynchronising',
            expr: |||
              min_over_time(node_timex_sync_status{%(nodeExporterSelector)s}[%(clockWindow)s]) == 0
              and
              node_timex_maxerror_seconds{%(nodeExporterSelector)s} >= %(clockMaxErrorThreshold)s
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeClockNotSynchronising',
              'The clock of a node is not synchronised.',
              'The kernel of {{ $labels.instance }} reports that no time service keeps its clock right. ' +
              'It will drift away, and certificates, leases and log times with it. ' +
              'Check that a time service (chronyd, ntpd, systemd-timesyncd) is running and reaches its servers.'
            ),
          },
          {
            alert: 'NodeRAIDDegraded',
            expr: |||
              node_md_disks_required{%(nodeExporterSelector)s,%(diskDeviceSelector)s}
              - ignoring (state)
              node_md_disks{%(nodeExporterSelector)s,%(diskDeviceSelector)s,state="active"}
              > 0
            ||| % config,
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'NodeRAIDDegraded',
              'A RAID array is running without all its disks.',
              'RAID array {{ $labels.device }} on {{ $labels.instance }} lacks {{ $value | humanize }} of the disks it needs, and no spare has taken over. ' +
              'The next failure can lose data. ' +
              'See `cat /proc/mdstat` and `mdadm --detail` for the disk, and replace it.'
            ),
          },
          {
            alert: 'NodeRAIDDiskFailure',
            expr: 'node_md_disks{%(nodeExporterSelector)s,%(diskDeviceSelector)s,state="failed"} > 0' % config,
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeRAIDDiskFailure',
              'A disk of a RAID array has failed.',
              'RAID array {{ $labels.device }} on {{ $labels.instance }} has {{ $value | humanize }} failed disk{{ if ne $value 1.0 }}s{{ end }}. ' +
              'A spare may have taken over; if not, NodeRAIDDegraded follows. ' +
              'See `mdadm --detail` for the disk, and replace it.'
            ),
          },
          {
            alert: 'NodeFileDescriptorLimit',
            expr: |||
              node_filefd_allocated{%(nodeExporterSelector)s} * 100 / node_filefd_maximum{%(nodeExporterSelector)s}
              > %(fileDescriptorWarningThreshold)s
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeFileDescriptorLimit',
              'A node uses most of the file handles that its kernel allows.',
              '{{ $labels.instance }} has {{ printf "%%.1f" $value }}%% of the file handles open that its kernel allows. ' +
              'At 100%% no process of the node can open a file or a connection. ' +
              'Find the process that leaks them (`lsof`, process_open_fds), or raise fs.file-max.'
            ),
          },
          {
            alert: 'NodeFileDescriptorLimit',
            expr: |||
              node_filefd_allocated{%(nodeExporterSelector)s} * 100 / node_filefd_maximum{%(nodeExporterSelector)s}
              > %(fileDescriptorCriticalThreshold)s
            ||| % config,
            'for': '15m',
            labels: { severity: 'critical' },
            annotations: annotations(
              config,
              'NodeFileDescriptorLimit',
              'A node is about to exhaust the file handles that its kernel allows.',
              '{{ $labels.instance }} has {{ printf "%%.1f" $value }}%% of the file handles open that its kernel allows. ' +
              'Soon no process of the node, the kubelet included, can open a file or a connection. ' +
              'Stop the process that leaks them, or raise fs.file-max at once.'
            ),
          },
          {
            // Time that the hypervisor steals counts: the node wanted it.
            alert: 'NodeCPUHighUsage',
            expr: |||
              100 * sum without (mode) (
                avg without (cpu) (rate(node_cpu_seconds_total{%(nodeExporterSelector)s,mode!~"idle|iowait"}[%(cpuHighUsageWindow)s]))
              )
              > %(cpuHighUsageThreshold)s
            ||| % config,
            'for': '15m',
            labels: { severity: 'info' },
            annotations: annotations(
              config,
              'NodeCPUHighUsage',
              'The CPUs of a node are almost fully used.',
              'The CPUs of {{ $labels.instance }} are {{ printf "%%.0f" $value }}%% busy and stay so. ' +
              'Fine for batch work; anything that must answer fast slows down. ' +
              'The dashboard of the node\'s pods shows who uses the CPUs.'
            ),
          },
          {
            alert: 'NodeSystemSaturation',
            expr: |||
              node_load1{%(nodeExporterSelector)s}
              / count without (cpu, mode) (node_cpu_seconds_total{%(nodeExporterSelector)s,mode="idle"})
              > %(systemSaturationPerCoreThreshold)s
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeSystemSaturation',
              'A node has far more work waiting than its CPUs can take.',
              'On {{ $labels.instance }}, {{ printf "%%.2f" $value }} processes per CPU are running or waiting (load average of 1 minute). ' +
              'Everything on the node is slow, and health checks may start to fail. ' +
              'If the CPUs are idle, processes wait for disks or network storage; otherwise too much work is scheduled here.'
            ),
          },
          {
            alert: 'NodeMemoryMajorPagesFaults',
            expr: |||
              rate(node_vmstat_pgmajfault{%(nodeExporterSelector)s}[%(saturationWindow)s])
              > %(memoryMajorPagesFaultsThreshold)s
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeMemoryMajorPagesFaults',
              'A node keeps reading memory pages back from disk.',
              '{{ $labels.instance }} reads memory pages from disk {{ printf "%%.0f" $value }} times a second. ' +
              'It is short of memory: the file cache, or swap if there is any, is being read again and again, which slows everything down. ' +
              'Look at the node\'s memory and at the pods that use more than they request.'
            ),
          },
          {
            alert: 'NodeMemoryHighUtilization',
            expr: |||
              100 - node_memory_MemAvailable_bytes{%(nodeExporterSelector)s} / node_memory_MemTotal_bytes{%(nodeExporterSelector)s} * 100
              > %(memoryHighUtilizationThreshold)s
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeMemoryHighUtilization',
              'The memory of a node is almost fully used.',
              '{{ printf "%%.1f" $value }}%% of the memory of {{ $labels.instance }} is in use. ' +
              'Next, the kubelet evicts pods or the kernel kills processes. ' +
              'Find the pods that use more than they request, and move or limit them.'
            ),
          },
          {
            // The rate of the weighted time is the mean length of the queue.
            alert: 'NodeDiskIOSaturation',
            expr: |||
              rate(node_disk_io_time_weighted_seconds_total{%(nodeExporterSelector)s,%(diskDeviceSelector)s}[%(saturationWindow)s])
              > %(diskIOSaturationThreshold)s
            ||| % config,
            'for': '30m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeDiskIOSaturation',
              'Requests queue up at a disk.',
              'On average {{ printf "%%.1f" $value }} requests wait at disk {{ $labels.device }} of {{ $labels.instance }}. ' +
              'Whatever reads or writes there is slow; for etcd and databases that is an outage in the making. ' +
              'Find the writer (`iotop`, container_fs_writes_bytes_total), or check the disk and its controller.'
            ),
          },
          {
            // Needs node-exporter's systemd collector, which is off by default.
            alert: 'NodeSystemdServiceFailed',
            expr: 'node_systemd_unit_state{%(nodeExporterSelector)s,state="failed"} == 1' % config,
            'for': '5m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeSystemdServiceFailed',
              'A systemd unit of a node has failed.',
              'The systemd unit {{ $labels.name }} on {{ $labels.instance }} is in state failed and stays there until somebody acts. ' +
              'How bad that is depends on the unit. ' +
              'See `systemctl status {{ $labels.name }}` and `journalctl -u {{ $labels.name }}` on the node.'
            ),
          },
          {
            // Needs node-exporter's systemd collector with restart metrics,
            // which are off by default.
            alert: 'NodeSystemdServiceCrashlooping',
            expr: |||
              increase(node_systemd_service_restart_total{%(nodeExporterSelector)s}[%(systemdRestartsWindow)s])
              > %(systemdRestartsThreshold)s
            ||| % config,
            'for': '15m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeSystemdServiceCrashlooping',
              'A systemd service of a node keeps restarting.',
              'The systemd service {{ $labels.name }} on {{ $labels.instance }} restarted about {{ printf "%%.0f" $value }} times within %(systemdRestartsWindow)s, and does not stop. ' +
              'It does not do its work. ' +
              'See `journalctl -u {{ $labels.name }}` on the node for why it ends.'
            ),
          },
          {
            alert: 'NodeBondingDegraded',
            expr: |||
              node_bonding_slaves{%(nodeExporterSelector)s} - node_bonding_active{%(nodeExporterSelector)s}
              != 0
            ||| % config,
            'for': '5m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeBondingDegraded',
              'A bonded network interface has lost a link.',
              'The bond {{ $labels.master }} on {{ $labels.instance }} is running without {{ $value | humanize }} of its links. ' +
              'The node has less bandwidth and less or no redundancy: the next link to fail may cut it off. ' +
              'See /proc/net/bonding/{{ $labels.master }} for the link, then check its cable and switch port.'
            ),
          },
        ],
      },
    ],
  },
}
