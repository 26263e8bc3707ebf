// metrics-server: an extension of the API server that asks the kubelets.
local extension = import 'lib/api-extension.libsonnet';
local objects = import 'lib/objects.libsonnet';

local name = 'metrics-server';
local role = 'system:metrics-server';

local probe(path) = {
  failureThreshold: 3,
  httpGet: { path: path, port: 'https', scheme: 'HTTPS' },
  periodSeconds: 10,
};

function(input)
  local namespace = input.metadata.namespace;
  local server = {
    name: name,
    image: input.image,
    args: [
      '--cert-dir=/tmp',
      '--kubelet-preferred-address-types=' + std.join(',', input.kubeletAddressTypes),
      '--kubelet-use-node-status-port',
      '--metric-resolution=' + input.resolution,
      '--secure-port=' + input.port,
    ] + [
      '--kubelet-insecure-tls'
      for _ in [null]
      if input.kubeletInsecureTls
    ] + [
      '--kubelet-request-timeout=' + timeout
      for timeout in [input.requestTimeout]
      if timeout != null
    ] + [
      '--tls-cipher-suites=' + std.join(',', suites)
      for suites in [input.tlsCipherSuites]
      if suites != []
    ] + input.extraArgs,
    ports: [{ containerPort: input.port, name: 'https' }],
    livenessProbe: probe('/livez'),
    // It is ready once the kubelets have answered twice.
    readinessProbe: probe('/readyz') { initialDelaySeconds: 20 },
    resources: input.resources,
    securityContext: input.securityContext,
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
  {
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: input.metadata { name: name },
      spec: {
        replicas: input.replicas,
        selector: { matchLabels: input.selector },
        // A new pod may have no other node to go to.
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
        template: {
          metadata: input.podMetadata,
          spec: input.pod {
            automountServiceAccountToken: true,
            containers: [server],
            serviceAccountName: name,
            volumes: [{ name: 'tmp', emptyDir: {} }],
          },
        },
      },
    },

    service: objects.service(input.metadata, name, {
      ports: [{ name: 'https', port: 443, targetPort: 'https' }],
      selector: input.selector,
    }),

    serviceAccount: objects.serviceAccount(input.metadata, name, false),

    serviceMonitor: objects.serviceMonitor(input.metadata, name, {
      endpoints: [extension.endpoint(input.interval)],
      jobLabel: 'app.kubernetes.io/name',
      selector: { matchLabels: input.selector },
    }, input.serviceMonitor),

    podDisruptionBudget: if input.podDisruptionBudget then objects.podDisruptionBudget(input.metadata, name, {
      minAvailable: 1,
      selector: { matchLabels: input.selector },
    }),

    // The API server comes from addresses that no policy knows beforehand.
    networkPolicy: objects.networkPolicy(input.metadata, name, input.selector, [
      { ports: [{ port: input.port, protocol: 'TCP' }] },
    ]),

    apiService: extension.apiService(input.clusterMetadata, name, namespace, 'metrics.k8s.io', 'v1beta1', 100),

    // What it may see: the nodes and pods that it tells of, and what kubelets measure.
    clusterRole: objects.role(input.clusterMetadata, role, [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
    ]),
    clusterRoleBinding: objects.roleBinding(input.clusterMetadata, role, { name: role }, name, namespace),

    clusterRoleBindingDelegator: extension.delegator(
      input.clusterMetadata, 'metrics-server:system:auth-delegator', name, namespace
    ),
    roleBindingAuthReader: extension.authReader(input.metadata, 'metrics-server-auth-reader', name, namespace),

    clusterRoleAggregatedMetricsReader: extension.metricsReader(input.clusterMetadata),
  }
