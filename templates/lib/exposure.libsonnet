// How a user interface is reached from outside of the cluster, from the input
// that exposure.rs makes.
local annotated(metadata, annotations) =
  if annotations == {} then metadata else metadata { annotations+: annotations };

{
  // What the NetworkPolicy lets in besides the stack itself.
  ways(exposure, port): [
    way { ports: [{ port: port, protocol: 'TCP' }] }
    for way in exposure.ways
  ],

  // The objects that lead host names to a Service.
  objects(exposure, metadata, name, port): {
    ingress: if exposure.ingress != null then {
      local host = exposure.ingress.host,
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: annotated(metadata { name: name }, exposure.ingress.annotations),
      spec: {
        [if exposure.ingress.class != null then 'ingressClassName']: exposure.ingress.class,
        rules: [{
          host: host,
          http: { paths: [{
            path: '/',
            pathType: 'Prefix',
            backend: { service: { name: name, port: { name: port.name } } },
          }] },
        }],
        [if exposure.ingress.tlsSecret != null then 'tls']: [
          { hosts: [host], secretName: exposure.ingress.tlsSecret },
        ],
      },
    },

    route: if exposure.route != null then {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: annotated(metadata { name: name }, exposure.route.annotations),
      spec: {
        hostnames: exposure.route.hosts,
        parentRefs: [exposure.route.parent],
        rules: [{ backendRefs: [{ name: name, port: port.number }] }],
      },
    },
  },
}
