// Alertmanager: the cluster that the operator runs, and all that belongs to it.
local exposure = import 'lib/exposure.libsonnet';
local objects = import 'lib/objects.libsonnet';

function(input) {
  alertmanager: {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'Alertmanager',
    metadata: input.metadata { name: input.name },
    spec: std.mergePatch(input.pod + input.settings {
      alertmanagerConfigSelector: {},
      [if input.templates != null then 'configMaps']: [input.templates.configMap],
      image: input.image,
      podMetadata: input.podMetadata,
      replicas: input.replicas,
      resources: input.resources,
      secrets: [],
      serviceAccountName: input.fullName,
      [if input.storage != null then 'storage']: objects.storage(input.storage),
      version: input.version,
    }, input.spec),
  },

  secret: if input.config != null then {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: input.metadata { name: input.fullName },
    type: 'Opaque',
    stringData: { 'alertmanager.yaml': input.config },
  },

  templates: if input.templates != null then {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: input.metadata { name: input.templates.configMap },
    data: input.templates.files,
  },

  service: objects.service(input.metadata, input.fullName, {
    ports: [
      { name: 'web', port: 9093, targetPort: 'web' } + input.exposure.port,
      { name: 'reloader-web', port: 8080, targetPort: 'reloader-web' },
    ],
    selector: input.selector,
    // The web interface talks to the replica that it started with.
    sessionAffinity: 'ClientIP',
  } + input.exposure.service),

  serviceAccount: objects.serviceAccount(input.metadata, input.fullName, false),

  serviceMonitor: objects.serviceMonitor(input.metadata, input.fullName, {
    endpoints: [
      { port: 'web', interval: input.interval },
      { port: 'reloader-web', interval: input.interval },
    ],
    selector: { matchLabels: input.selector },
  }, input.serviceMonitor),

  podDisruptionBudget: if input.podDisruptionBudget then objects.podDisruptionBudget(input.metadata, input.fullName, {
    maxUnavailable: 1,
    selector: { matchLabels: input.selector },
  }),

  networkPolicy: objects.networkPolicy(input.metadata, input.fullName, input.selector, [
    objects.from(input.scraper, [9093, 8080]),
    // The replicas gossip among themselves.
    objects.from('alertmanager', [9094, { port: 9094, protocol: 'UDP' }]),
  ] + exposure.ways(input.exposure, 9093)),
} + exposure.objects(input.exposure, input.metadata, input.fullName, { name: 'web', number: 9093 })
