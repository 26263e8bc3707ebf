// Prometheus: the servers that the operator runs, and all that belongs to them.
local objects = import 'lib/objects.libsonnet';

// What service discovery reads in a namespace.
local discovery = [
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['services', 'pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['extensions'], resources: ['ingresses'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['get', 'list', 'watch'] },
];

function(input)
  local namespace = input.metadata.namespace;
  local configRole = input.fullName + '-config';
  {
    prometheus: {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'Prometheus',
      metadata: input.metadata { name: input.name },
      spec: std.mergePatch(input.pod + input.settings {
        [if input.alertmanager != null then 'alerting']: {
          alertmanagers: [{ apiVersion: 'v2', name: input.alertmanager, namespace: namespace, port: 'web' }],
        },
        enableFeatures: [],
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
        ruleNamespaceSelector: {},
        ruleSelector: {},
        scrapeConfigNamespaceSelector: {},
        scrapeConfigSelector: {},
        serviceAccountName: input.fullName,
        serviceDiscoveryRole: 'EndpointSlice',
        serviceMonitorNamespaceSelector: {},
        serviceMonitorSelector: {},
        [if input.storage != null then 'storage']: objects.storage(input.storage),
        version: input.version,
      }, input.spec),
    },

    service: objects.service(input.metadata, input.fullName, {
      ports: [
        { name: 'web', port: 9090, targetPort: 'web' },
        { name: 'reloader-web', port: 8080, targetPort: 'reloader-web' },
      ],
      selector: input.selector,
      // Replicas differ a little; a graph that changes servers flickers.
      sessionAffinity: 'ClientIP',
    }),

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
      objects.from('prometheus', [9090, 8080]),
      objects.from('prometheus-adapter', [9090]),
      objects.from('grafana', [9090]),
    ]),

    clusterRole: objects.role(input.clusterMetadata, input.fullName, [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      { nonResourceURLs: ['/metrics', '/metrics/slis'], verbs: ['get'] },
    ]),
    clusterRoleBinding: objects.roleBinding(
      input.clusterMetadata, input.fullName, { name: input.fullName }, input.fullName, namespace
    ),

    configRole: objects.role(input.metadata, configRole, [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
    ]),
    configRoleBinding: objects.roleBinding(
      input.metadata, configRole, { name: configRole }, input.fullName, namespace
    ),
  } + {
    ['role-' + target]: objects.role(input.metadata { namespace: target }, input.fullName, discovery)
    for target in input.namespaces
  } + {
    ['roleBinding-' + target]: objects.roleBinding(
      input.metadata { namespace: target }, input.fullName, { name: input.fullName }, input.fullName, namespace
    )
    for target in input.namespaces
  }
