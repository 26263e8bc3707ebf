// kube-state-metrics: one pod that watches all objects, behind two kube-rbac-proxies:
// one for the metrics about objects, one for those about itself; and its autoscaler.
local autoscaler = import 'autoscaler.libsonnet';
local proxy = import 'lib/kube-rbac-proxy.libsonnet';
local objects = import 'lib/objects.libsonnet';

local name = 'kube-state-metrics';

local watched = [
  ['', ['configmaps', 'secrets', 'nodes', 'pods', 'services', 'serviceaccounts', 'resourcequotas', 'replicationcontrollers', 'limitranges', 'persistentvolumeclaims', 'persistentvolumes', 'namespaces', 'endpoints']],
  ['apps', ['statefulsets', 'daemonsets', 'deployments', 'replicasets']],
  ['batch', ['cronjobs', 'jobs']],
  ['autoscaling', ['horizontalpodautoscalers']],
  ['policy', ['poddisruptionbudgets']],
  ['certificates.k8s.io', ['certificatesigningrequests']],
  ['discovery.k8s.io', ['endpointslices']],
  ['storage.k8s.io', ['storageclasses', 'volumeattachments']],
  ['admissionregistration.k8s.io', ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']],
  ['networking.k8s.io', ['networkpolicies', 'ingressclasses', 'ingresses']],
  ['coordination.k8s.io', ['leases']],
  ['rbac.authorization.k8s.io', ['clusterrolebindings', 'clusterroles', 'rolebindings', 'roles']],
];

function(input) {
  deployment: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: input.metadata { name: name },
    spec: {
      replicas: 1,
      selector: { matchLabels: input.selector },
      template: {
        metadata: objects.podMetadata(input.podMetadata, name),
        spec: input.pod {
          automountServiceAccountToken: true,
          containers: [{
            name: name,
            image: input.image,
            args: [
              '--host=127.0.0.1',
              '--port=8081',
              '--telemetry-host=127.0.0.1',
              '--telemetry-port=8082',
            ] + input.extraArgs,
            [if input.resources != null then 'resources']: input.resources,
            securityContext: input.securityContext,
          }] + std.map(proxy.container, input.kubeRbacProxies),
          serviceAccountName: name,
        },
      },
    },
  },

  service: objects.service(input.metadata, name, {
    clusterIP: 'None',
    ports: [
      { name: 'https-main', port: 8443, targetPort: 'https-main' },
      { name: 'https-self', port: 9443, targetPort: 'https-self' },
    ],
    selector: input.selector,
  }),

  serviceAccount: objects.serviceAccount(input.metadata, name, false),

  serviceMonitor: objects.serviceMonitor(input.metadata, name, {
    endpoints: [
      proxy.endpoint('https-main') {
        interval: input.interval,
        scrapeTimeout: input.timeout,
        // The metrics say which pod or namespace they are about: these labels
        // stay, and those of kube-state-metrics' own pod go.
        honorLabels: true,
        relabelings: [{ action: 'labeldrop', regex: '(pod|service|endpoint|namespace)' }],
        // Large, and told by the EndpointSlices already.
        metricRelabelings: [{
          action: 'drop',
          sourceLabels: ['__name__'],
          regex: 'kube_(endpoint_(address_not_ready|address_available|ports))',
        }],
      },
      proxy.endpoint('https-self') { interval: input.interval },
    ],
    jobLabel: 'app.kubernetes.io/name',
    selector: { matchLabels: input.selector },
  }, input.serviceMonitor),

  networkPolicy: objects.networkPolicy(input.metadata, name, input.selector, [
    objects.from(input.scraper, [8443, 9443]),
  ]),

  clusterRole: objects.role(input.clusterMetadata, name, [
    { apiGroups: [group[0]], resources: group[1], verbs: ['list', 'watch'] }
    for group in watched
  ] + proxy.rules),
  clusterRoleBinding: objects.roleBinding(
    input.clusterMetadata, name, { name: name }, name, input.metadata.namespace
  ),
} + (if input.autoscaler != null then autoscaler(input.autoscaler, name) else {})
