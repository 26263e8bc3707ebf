// Weave Net: a Service for the port of its pods on which the router's metrics are, and its monitor.
local objects = import 'lib/objects.libsonnet';

local port = 'weave-net-metrics';

function(input) {
  service: objects.service(input.serviceMetadata, input.name, {
    clusterIP: 'None',
    ports: [{ name: port, port: 6782, targetPort: 6782 }],
    // The one label of its pods in the manifests of Weave Net.
    selector: { name: input.name },
  }),

  serviceMonitor: objects.serviceMonitor(input.metadata, input.name, {
    endpoints: [{ interval: input.interval, path: '/metrics', port: port }],
    jobLabel: 'app.kubernetes.io/name',
    namespaceSelector: { matchNames: [input.serviceMetadata.namespace] },
    selector: { matchLabels: { 'app.kubernetes.io/name': input.name } },
  }, input.serviceMonitor),
}
