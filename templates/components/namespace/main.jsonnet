// The namespace. node-exporter needs the host's network and file system, so pod
// security only warns here.
function(input) {
  namespace: {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: input.name,
      labels: {
        'pod-security.kubernetes.io/warn': 'privileged',
        'pod-security.kubernetes.io/warn-version': 'latest',
      },
    },
  },
}
