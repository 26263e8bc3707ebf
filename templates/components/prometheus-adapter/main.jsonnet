// prometheus-adapter: an extension of the API server that asks Prometheus.
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

// A part of the API that the API server lets this adapter answer.
local apiService(metadata, namespace, group, version, priority) = {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: metadata { name: version + '.' + group },
  spec: {
    group: group,
    groupPriorityMinimum: 100,
    // The adapter signs its certificate itself, anew at each start.
    insecureSkipTLSVerify: true,
    service: { name: name, namespace: namespace },
    version: version,
    versionPriority: priority,
  },
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
  local api(group, version, priority) = apiService(input.apiMetadata, namespace, group, version, priority);
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
      endpoints: [{
        bearerTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
        interval: input.interval,
        // What every extension of the API server exposes and nothing here asks for.
        metricRelabelings: [{
          action: 'drop',
          regex: '(' + std.join('|', [
            'apiserver_client_certificate_.*',
            'apiserver_envelope_.*',
            'apiserver_flowcontrol_.*',
            'apiserver_storage_.*',
            'apiserver_webhooks_.*',
            'workqueue_.*',
          ]) + ')',
          sourceLabels: ['__name__'],
        }],
        port: 'https',
        scheme: 'https',
        tlsConfig: { insecureSkipVerify: true },
      }],
      selector: { matchLabels: input.selector },
    }, input.serviceMonitor),

    podDisruptionBudget: if input.podDisruptionBudget then objects.podDisruptionBudget(input.metadata, name, {
      minAvailable: 1,
      selector: { matchLabels: input.selector },
    }),

    // The API server comes from addresses that no policy knows beforehand.
    networkPolicy: objects.networkPolicy(input.metadata, name, input.selector, [{}]),

    apiService: if input.resourceMetrics then apiService(
      input.clusterMetadata, namespace, 'metrics.k8s.io', 'v1beta1', 100
    ),

    // What the adapter may see, to turn names of objects into labels.
    clusterRole: objects.role(input.clusterMetadata, name, [
      { apiGroups: [''], resources: ['nodes', 'namespaces', 'pods', 'services'], verbs: ['get', 'list', 'watch'] },
    ]),
    clusterRoleBinding: objects.roleBinding(
      input.clusterMetadata, name, { name: name }, name, namespace
    ),

    // It asks the API server who is asking it, and whether they may.
    clusterRoleBindingDelegator: objects.roleBinding(
      input.clusterMetadata, 'resource-metrics:system:auth-delegator', { name: 'system:auth-delegator' }, name, namespace
    ),
    roleBindingAuthReader: objects.roleBinding(
      input.metadata { namespace: 'kube-system' },
      'resource-metrics-auth-reader',
      { name: 'extension-apiserver-authentication-reader' },
      name,
      namespace
    ),

    // Who may ask it: everyone who may view, edit or administrate a namespace.
    clusterRoleAggregatedMetricsReader: objects.role(
      input.clusterMetadata {
        labels+: {
          'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
          'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
          'rbac.authorization.k8s.io/aggregate-to-view': 'true',
        },
      },
      'system:aggregated-metrics-reader',
      [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }]
    ),
    clusterRoleServerResources: objects.role(input.clusterMetadata, 'resource-metrics-server-resources', [
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
