// The AWS VPC CNI plug-in: a Service for the port of its pods on which metrics are, and its monitor.
local objects = import 'lib/objects.libsonnet';

local port = 'cni-metrics-port';

function(input) {
  service: objects.service(input.serviceMetadata, input.name, {
    clusterIP: 'None',
    ports: [{ name: port, port: 61678, targetPort: 61678 }],
    selector: { 'app.kubernetes.io/name': input.name },
  }),

  serviceMonitor: objects.serviceMonitor(input.metadata, input.name, {
    endpoints: [{
      interval: input.interval,
      path: '/metrics',
      port: port,
      // Nodes are known by their name, not by the address of a pod.
      relabelings: [{
        action: 'replace',
        regex: '(.*)',
        replacement: '$1',
        sourceLabels: ['__meta_kubernetes_pod_node_name'],
        targetLabel: 'instance',
      }],
    }],
    jobLabel: 'app.kubernetes.io/name',
    namespaceSelector: { matchNames: [input.serviceMetadata.namespace] },
    selector: {
      matchLabels: {
        [label]: input.metadata.labels[label]
        for label in ['app.kubernetes.io/name', 'app.kubernetes.io/component']
      },
    },
  }, input.serviceMonitor),
}
