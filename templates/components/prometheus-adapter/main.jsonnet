// prometheus-adapter: an extension of the API server that asks Prometheus.
local extension = import 'lib/api-extension.libsonnet';
local objects = import 'lib/objects.libsonnet';
local customRules = import 'custom-rules.libsonnet';
local queries = import 'queries.libsonnet';

local name = 'prometheus-adapter';
local port = 6443;

local probe(path, period, failures) = {
  failureThreshold: failures,
  httpGet: { path: path, port: 'https', scheme: 'HTTPS' },
  periodSeconds: period,
};

// Who may ask for metrics of a kind: the adapter itself, which discovers what it
// serves, and the controller of the HorizontalPodAutoscalers.
local readers(metadata, namespace, kind) =
  local role = kind + '-metrics-server-resources';
  {
    [kind + 'Role']: objects.role(metadata, role, [
      { apiGroups: [kind + '.metrics.k8s.io'], resources: ['*'], verbs: ['*'] },
    ]),
    [kind + 'RoleBinding']: objects.roleBinding(metadata, role, { name: role }, name, namespace),
    [kind + 'AutoscalerRoleBinding']: objects.roleBinding(
      metadata, 'hpa-controller-' + kind + '-metrics', { name: role }, 'horizontal-pod-autoscaler', 'kube-system'
    ),
  };

function(input)
  local namespace = input.metadata.namespace;
  local api(group, version, priority) =
    extension.apiService(input.apiMetadata, name, namespace, group, version, priority);
  local config = std.manifestYamlDoc(std.mergePatch({
    [if input.resourceMetrics then 'resourceRules']: queries(input.windows),
    [if input.customMetrics then 'rules']: customRules,
    [if input.externalMetrics then 'externalRules']: [],
  }, input.config), quote_keys=false);
  local adapter = {
    name: name,
    image: input.image,
    args: [
      '--cert-dir=/var/run/serving-cert',
      '--config=/etc/adapter/config.yaml',
      '--metrics-relist-interval=1m',
      '--prometheus-url=' + input.prometheusUrl,
      '--secure-port=' + port,
    ] + [
      '--tls-cipher-suites=' + std.join(',', suites)
      for suites in [input.tlsCipherSuites]
      if suites != []
    ] + input.extraArgs,
    ports: [{ containerPort: port, name: 'https' }],
    // It answers once it has asked Prometheus, which may itself just be starting.
    startupProbe: probe('/livez', 10, 18),
    livenessProbe: probe('/livez', 5, 5),
    readinessProbe: probe('/readyz', 5, 5),
    resources: input.resources,
    securityContext: input.securityContext,
    volumeMounts: [
      { name: 'tmpfs', mountPath: '/tmp', readOnly: false },
      { name: 'volume-serving-cert', mountPath: '/var/run/serving-cert', readOnly: false },
      { name: 'config', mountPath: '/etc/adapter', readOnly: false },
    ],
  };
  {
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: input.metadata { name: name },
      spec: {
        replicas: input.replicas,
        selector: { matchLabels: input.selector },
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
        template: {
          // The adapter reads its configuration once: another one is another pod.
          metadata: input.podMetadata { annotations+: { 'checksum.config/md5': std.md5(config) } },
          spec: input.pod {
            automountServiceAccountToken: true,
            containers: [adapter],
            serviceAccountName: name,
            volumes: [
              { name: 'tmpfs', emptyDir: {} },
              { name: 'volume-serving-cert', emptyDir: {} },
              { name: 'config', configMap: { name: 'adapter-config' } },
            ],
          },
        },
      },
    },

    configMap: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: input.metadata { name: 'adapter-config' },
      data: { 'config.yaml': config },
    },

    service: objects.service(input.metadata, name, {
      ports: [{ name: 'https', port: 443, targetPort: port }],
      selector: input.selector,
    }),

    serviceAccount: objects.serviceAccount(input.metadata, name, false),

    serviceMonitor: objects.serviceMonitor(input.metadata, name, {
      endpoints: [extension.endpoint(input.interval)],
      selector: { matchLabels: input.selector },
    }, input.serviceMonitor),

    podDisruptionBudget: if input.podDisruptionBudget then objects.podDisruptionBudget(input.metadata, name, {
      minAvailable: 1,
      selector: { matchLabels: input.selector },
    }),

    // The API server comes from addresses that no policy knows beforehand.
    networkPolicy: objects.networkPolicy(input.metadata, name, input.selector, [{}]),

    apiService: if input.resourceMetrics then extension.apiService(
      input.clusterMetadata, name, namespace, 'metrics.k8s.io', 'v1beta1', 100
    ),

    // What the adapter may see, to turn names of objects into labels.
    clusterRole: objects.role(input.clusterMetadata, name, [
      { apiGroups: [''], resources: ['nodes', 'namespaces', 'pods', 'services'], verbs: ['get', 'list', 'watch'] },
    ]),
    clusterRoleBinding: objects.roleBinding(
      input.clusterMetadata, name, { name: name }, name, namespace
    ),

    clusterRoleBindingDelegator: extension.delegator(
      input.clusterMetadata, 'resource-metrics:system:auth-delegator', name, namespace
    ),
    roleBindingAuthReader: extension.authReader(
      input.metadata, 'resource-metrics-auth-reader', name, namespace
    ),

    clusterRoleAggregatedMetricsReader: if input.metricsReader then extension.metricsReader(input.clusterMetadata),
    clusterRoleServerResources: if input.metricsReader then objects.role(input.clusterMetadata, 'resource-metrics-server-resources', [
      { apiGroups: ['metrics.k8s.io'], resources: ['*'], verbs: ['*'] },
    ]),
  } + (
    if input.customMetrics then readers(input.apiMetadata, namespace, 'custom') {
      customApiV1beta1: api('custom.metrics.k8s.io', 'v1beta1', 100),
      // The newer version is preferred.
      customApiV1beta2: api('custom.metrics.k8s.io', 'v1beta2', 200),
    } else {}
  ) + (
    if input.externalMetrics then readers(input.apiMetadata, namespace, 'external') {
      externalApi: api('external.metrics.k8s.io', 'v1beta1', 100),
    } else {}
  )
