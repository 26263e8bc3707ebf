// Changes parts of objects, reads others by `$` and the stack by `values`.
{
  prometheus+: {
    prometheus+: {
      spec+: {
        retention: '45d',
        externalLabels+: { namespace: $.values.namespace, service: $.prometheus.service.metadata.name },
        resources+: { requests+: { memory: '2Gi' } },
      },
    },
    service+: { metadata+: { annotations+: { 'example.com/replicas': std.toString($.values.components.prometheus.replicas) } } },
  },
  nodeExporter+: { daemonSet+: { spec+: { template+: { spec+: { priorityClassName: 'system-node-critical' } } } } },
}
