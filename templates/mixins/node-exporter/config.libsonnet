// Parameters of the node-exporter mixin: what the rules and dashboards of
// Linux nodes (and the dashboards of macOS and AIX hosts) select, and where
// the alerts draw the line. Holds no expression; those are in
// alerts.libsonnet and rules.libsonnet. How long a condition must last (`for`)
// is part of each rule and is changed there or with a rule patch.
//
// Selectors are label matchers as written inside {}, and none may be empty: to
// take everything, write one that always matches, such as device!="".
{
  _config+:: {
    // Label matchers that pick the node-exporter targets. Default: the job label
    // that the ServiceMonitor of this stack sets.
    nodeExporterSelector: 'job="node-exporter"',

    // Label that tells clusters apart. Empty in a single cluster; the
    // dashboards filter on it.
    clusterLabel: 'cluster',

    // Whether dashboards show the cluster variable. Off: it is hidden and set
    // to everything, which is right for a Prometheus that sees one cluster.
    showMultiCluster: false,

    // Label matchers for filesystems worth watching. Default: every filesystem
    // that names its type; node-exporter itself already leaves out the
    // pseudo filesystems.
    fsSelector: 'fstype!=""',

    // Label matchers for mount points worth watching. Default: every named one.
    fsMountpointSelector: 'mountpoint!=""',

    // Label matchers for disks worth watching: block devices with real storage
    // below them (SD cards, NVMe, Ceph, SCSI, virtio, Xen, device mapper,
    // software RAID, mainframe DASD), with or without /dev/. Leaves out loop,
    // RAM and optical devices. Used for disk I/O and for RAID arrays.
    diskDeviceSelector: 'device=~"(/dev/)?(mmcblk.p.+|nvme.+|rbd.+|sd.+|vd.+|xvd.+|dm-.+|md.+|dasd.+)"',

    // Label matchers for the network devices of the host itself. Default:
    // everything but the host ends of pod links. The loopback device is left
    // out in addition, wherever the record's name says so.
    hostNetworkInterfaceSelector: 'device!~"veth.+"',

    // Space left, in percent, below which a filesystem that is predicted to
    // run full is worth a warning. Above the 15 % at which the kubelet starts
    // to delete images there is nothing to do by hand yet.
    fsSpaceFillingUpWarningThreshold: 15,

    // Space left, in percent, below which a filesystem that is predicted to
    // run full is critical. 10 % is where the kubelet's default
    // hard eviction begins.
    fsSpaceFillingUpCriticalThreshold: 10,

    // Space left, in percent, below which a filesystem is worth a warning
    // whether or not it is filling up.
    fsSpaceAvailableWarningThreshold: 5,

    // Space left, in percent, below which a filesystem is critical whether or
    // not it is filling up.
    fsSpaceAvailableCriticalThreshold: 3,

    // Free inodes, in percent, below which a filesystem that is predicted to
    // run out of them is worth a warning. Higher than for space, because
    // inodes are used up in bursts of small files and cannot be added later.
    fsFilesFillingUpWarningThreshold: 40,

    // Free inodes, in percent, below which a filesystem that is predicted to
    // run out of them is critical.
    fsFilesFillingUpCriticalThreshold: 20,

    // Free inodes, in percent, below which a filesystem is worth a warning
    // whether or not they are being used up.
    fsFilesAvailableWarningThreshold: 5,

    // Free inodes, in percent, below which a filesystem is critical whether or
    // not they are being used up.
    fsFilesAvailableCriticalThreshold: 3,

    // How much history the predictions of full filesystems look at. Long
    // enough to see past log rotation and image clean-up.
    fsFillingUpWindow: '6h',

    // How far ahead the warning about full filesystems looks, in hours: time to act by daylight.
    fsFillingUpWarningHours: 24,

    // How far ahead the critical alert about full filesystems looks, in hours: time to act at once.
    fsFillingUpCriticalHours: 4,

    // Share of faulty packets among all packets of a device and direction
    // (0-1) above which the link is called faulty.
    networkErrsThreshold: 0.01,

    // Window over which the share of faulty packets is taken. At least two scrapes (15 s apart by default).
    networkErrsWindow: '2m',

    // Share of the connection tracking table (0-1) in use above which an
    // alert is due. The kernel drops new connections at 1.
    conntrackUsageThreshold: 0.75,

    // Distance of the clock from the time source, in seconds and either way,
    // from which on it counts as skewed. Certificates, leases and the order of
    // log lines suffer first.
    clockSkewThreshold: 0.05,

    // Window in which the offset must not be shrinking, and in which a lost
    // synchronisation is looked for.
    clockWindow: '5m',

    // Estimated maximum error of the clock, in seconds, from which on the
    // kernel itself calls it unsynchronised.
    clockMaxErrorThreshold: 16,

    // File handles in use, in percent of the kernel's limit: warning.
    fileDescriptorWarningThreshold: 70,

    // File handles in use, in percent of the kernel's limit: critical.
    fileDescriptorCriticalThreshold: 90,

    // CPU time not idle, in percent of all CPUs of a node, above which an
    // informational alert is due.
    cpuHighUsageThreshold: 90,

    // Window over which the CPU time of a node is judged.
    cpuHighUsageWindow: '2m',

    // Load average (1 minute) per CPU above which a node counts as saturated.
    systemSaturationPerCoreThreshold: 2,

    // Major page faults per second above which a node is short of memory. The
    // right value depends on the disks; 500 suits solid state disks.
    memoryMajorPagesFaultsThreshold: 500,

    // Memory in use, in percent of all memory, above which an alert is due.
    memoryHighUtilizationThreshold: 90,

    // Mean number of requests in the queue of a disk above which it counts as
    // saturated. RAID arrays and NVMe disks bear more.
    diskIOSaturationThreshold: 10,

    // Window of the rates behind the page fault and disk queue alerts.
    saturationWindow: '5m',

    // Restarts of a systemd service within the window above which it counts
    // as crash looping.
    systemdRestartsThreshold: 2,

    // Window in which the restarts of a systemd service are counted.
    systemdRestartsWindow: '5m',

    // Where alerts link to; %s becomes the alert's name in lower case.
    runbookURLPattern: 'https://runbooks.prometheus-operator.dev/runbooks/node/%s',

    // Title prefix and tags of the dashboards, and how often they reload.
    dashboardNamePrefix: 'Node Exporter / ',
    dashboardTags: ['node-exporter-mixin'],
    dashboardRefresh: '30s',

    // Regular expression on data source names that the dashboards offer.
    datasourceFilterRegex: '',
  },
}
