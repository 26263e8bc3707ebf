// etcd: a Service without pods, its endpoints by address, and how Prometheus scrapes them.
local objects = import 'lib/objects.libsonnet';

local port = 'metrics';

function(input) {
  service: objects.service(input.metadata, input.name, {
    clusterIP: 'None',
    ports: [{ name: port, port: input.port, targetPort: input.port }],
  }),

  // Kubernetes mirrors them into the EndpointSlices that Prometheus reads.
  endpoints: {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: input.metadata { name: input.name },
    subsets: [{
      addresses: [{ ip: ip } for ip in input.ips],
      ports: [{ name: port, port: input.port, protocol: 'TCP' }],
    }],
  },

  secret: if input.secret != null then {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: input.secret.metadata { name: input.secret.name },
    type: 'Opaque',
    data: std.mapWithKey(function(_, text) std.base64(text), input.secret.data),
  },

  serviceMonitor: objects.serviceMonitor(input.metadata, input.name, {
    endpoints: [input.transport { interval: input.interval, port: port }],
    jobLabel: 'app.kubernetes.io/name',
    selector: { matchLabels: { 'app.kubernetes.io/name': input.name } },
  }, input.serviceMonitor),
}
