// Prometheus: the servers that the operator runs, and all that belongs to them.
local exposure = import 'lib/exposure.libsonnet';
local objects = import 'lib/objects.libsonnet';

// What service discovery reads in a namespace.
local discovery = [
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['services', 'pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['extensions'], resources: ['ingresses'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['get', 'list', 'watch'] },
];

// The same in all namespaces, and the targets of old monitors.
local discoveryEverywhere = [
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['services', 'endpoints', 'pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['get', 'list', 'watch'] },
];

// The Thanos sidecar: what else the objects of Prometheus have because of it, and its own.
local sidecar(input) = {
  local grpc = { name: 'grpc', port: 10901, targetPort: 10901 },
  local http = { name: 'http', port: 10902, targetPort: 10902 },

  ports: [grpc],
  ways: [
    objects.from(input.scraper, [http.port]),
    objects.from('thanos-query', [grpc.port]),
  ],
  // Without an address of its own, so that each replica is found.
  service: objects.service(input.thanos.metadata, input.thanos.service, {
    clusterIP: 'None',
    ports: [grpc, http],
    selector: input.selector,
  }),
  serviceMonitor: objects.serviceMonitor(input.thanos.metadata, input.thanos.monitor, {
    endpoints: [{ port: http.name, interval: input.thanos.interval }],
    jobLabel: 'app.kubernetes.io/component',
    selector: { matchLabels: input.thanos.selector },
  }, input.thanos.serviceMonitor),
};

local server = { apiVersion: 'monitoring.coreos.com/v1', kind: 'Prometheus' };
local agent = { apiVersion: 'monitoring.coreos.com/v1alpha1', kind: 'PrometheusAgent' };

// What only a Prometheus has that keeps data.
local answering(input) = {
  [if input.alerting != null then 'alerting']: input.alerting,
  ruleNamespaceSelector: {},
  ruleSelector: input.ruleSelector,
  [if input.thanos != null then 'thanos']: input.thanos.spec,
};

function(input)
  local namespace = input.metadata.namespace;
  local configRole = input.fullName + '-config';
  local secret = input.scrapeConfigsSecret;
  local thanos = if input.thanos != null then sidecar(input) else { ports: [], ways: [], service: null, serviceMonitor: null };
  {
    prometheus: (if input.agent then agent else server) {
      metadata: input.metadata { name: input.name },
      spec: std.mergePatch(input.pod + input.settings {
        [if input.additionalScrapeConfigs != null then 'additionalScrapeConfigs']: input.additionalScrapeConfigs,
        enableFeatures: input.enableFeatures,
        externalLabels: input.externalLabels,
        image: input.image,
        podMetadata: input.podMetadata,
        // Empty selectors select everything: what is in the cluster is scraped.
        podMonitorNamespaceSelector: {},
        podMonitorSelector: {},
        probeNamespaceSelector: {},
        probeSelector: {},
        replicas: input.replicas,
        resources: input.resources,
        scrapeConfigNamespaceSelector: {},
        scrapeConfigSelector: {},
        [if input.secrets != [] then 'secrets']: input.secrets,
        serviceAccountName: input.fullName,
        serviceDiscoveryRole: 'EndpointSlice',
        serviceMonitorNamespaceSelector: {},
        serviceMonitorSelector: {},
        [if input.storage != null then 'storage']: objects.storage(input.storage),
        version: input.version,
      } + (if input.agent then {} else answering(input)), input.spec),
    },

    additionalScrapeConfigs: if secret != null then {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: secret.metadata { name: secret.secret },
      stringData: { [secret.key]: secret.text },
    },

    service: objects.service(input.metadata, input.fullName, {
      ports: [
        { name: 'web', port: 9090, targetPort: 'web' } + input.exposure.port,
        { name: 'reloader-web', port: 8080, targetPort: 'reloader-web' },
      ] + thanos.ports,
      selector: input.selector,
      // Replicas differ a little; a graph that changes servers flickers.
      sessionAffinity: 'ClientIP',
    } + input.exposure.service),

    serviceAccount: objects.serviceAccount(input.metadata, input.fullName, true),

    serviceMonitor: objects.serviceMonitor(input.metadata, input.fullName, {
      endpoints: [
        { port: 'web', interval: input.interval },
        { port: 'reloader-web', interval: input.interval },
      ],
      selector: { matchLabels: input.selector },
    }, input.serviceMonitor),

    podDisruptionBudget: if input.podDisruptionBudget then objects.podDisruptionBudget(input.metadata, input.fullName, {
      minAvailable: 1,
      selector: { matchLabels: input.selector },
    }),

    networkPolicy: objects.networkPolicy(input.metadata, input.fullName, input.selector, [
      objects.from(input.scraper, [9090, 8080]),
    ] + [objects.from(app, [9090]) for app in input.askers] + thanos.ways + exposure.ways(input.exposure, 9090)),

    thanosService: thanos.service,
    thanosServiceMonitor: thanos.serviceMonitor,

    clusterRole: objects.role(input.clusterMetadata, input.fullName, [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      { nonResourceURLs: ['/metrics', '/metrics/slis'], verbs: ['get'] },
    ] + (if input.everyNamespace then discoveryEverywhere else [])),
    clusterRoleBinding: objects.roleBinding(
      input.clusterMetadata, input.fullName, { name: input.fullName }, input.fullName, namespace
    ),

    configRole: objects.role(input.metadata, configRole, [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
    ]),
    configRoleBinding: objects.roleBinding(
      input.metadata, configRole, { name: configRole }, input.fullName, namespace
    ),
  } + exposure.objects(input.exposure, input.metadata, input.fullName, { name: 'web', number: 9090 }) + {
    ['role-' + target]: objects.role(input.metadata { namespace: target }, input.fullName, discovery)
    for target in input.namespaces
  } + {
    ['roleBinding-' + target]: objects.roleBinding(
      input.metadata { namespace: target }, input.fullName, { name: input.fullName }, input.fullName, namespace
    )
    for target in input.namespaces
  }
