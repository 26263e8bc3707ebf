// The Prometheus operator: one pod, behind kube-rbac-proxy, and its rights.
local proxy = import 'lib/kube-rbac-proxy.libsonnet';
local objects = import 'lib/objects.libsonnet';

local name = 'prometheus-operator';

local allow(group, resources, verbs) = { apiGroups: [group], resources: resources, verbs: verbs };

// What a custom resource consists of for its controller.
local parts(resource, more) = [resource] + [resource + '/' + part for part in more];

local rules = [
  allow(
    'monitoring.coreos.com',
    // What it runs.
    parts('alertmanagers', ['finalizers', 'status']) +
    parts('prometheuses', ['finalizers', 'status']) +
    parts('prometheusagents', ['finalizers', 'status']) +
    parts('thanosrulers', ['finalizers', 'status']) +
    // What it configures them with.
    parts('alertmanagerconfigs', []) +
    parts('scrapeconfigs', ['status']) +
    parts('servicemonitors', ['status']) +
    parts('podmonitors', ['status']) +
    parts('probes', ['status']) +
    parts('prometheusrules', ['status']),
    ['*']
  ),
  allow('apps', ['statefulsets'], ['*']),
  allow('', ['configmaps', 'secrets'], ['*']),
  allow('', ['pods'], ['list', 'delete']),
  // The governing Services, and the Service of the kubelets.
  allow('', ['services', 'services/finalizers'], ['get', 'create', 'update', 'delete']),
  allow('', ['nodes'], ['list', 'watch']),
  allow('', ['namespaces'], ['get', 'list', 'watch']),
  allow('events.k8s.io', ['events'], ['patch', 'create']),
  allow('networking.k8s.io', ['ingresses'], ['get', 'list', 'watch']),
  allow('storage.k8s.io', ['storageclasses'], ['get']),
  allow('', ['endpoints'], ['get', 'create', 'update', 'delete']),
  allow('discovery.k8s.io', ['endpointslices'], ['get', 'create', 'list', 'update', 'delete']),
] + proxy.rules;

// What the users of a namespace have in it.
local userFacing = ['podmonitors', 'probes', 'prometheusrules', 'servicemonitors'];

function(input)
  local operator = {
    name: name,
    image: input.image,
    args: input.args,
    // Its memory follows the number of objects; collecting early keeps the peaks low.
    env: [{ name: 'GOGC', value: '30' }],
    ports: [{ containerPort: input.port, name: 'http' }],
    resources: input.resources,
    securityContext: input.securityContext,
  };
  {
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: input.metadata { name: name },
      spec: {
        // Operators do not share work.
        replicas: 1,
        selector: { matchLabels: input.selector },
        template: {
          metadata: objects.podMetadata(input.podMetadata, name),
          spec: input.pod {
            automountServiceAccountToken: true,
            containers: [operator, proxy.container(input.kubeRbacProxy)],
            serviceAccountName: name,
          },
        },
      },
    },

    service: objects.service(input.metadata, name, {
      clusterIP: 'None',
      ports: [{ name: 'https', port: input.kubeRbacProxy.port, targetPort: 'https' }],
      selector: input.selector,
    }),

    serviceAccount: objects.serviceAccount(input.metadata, name, false),

    serviceMonitor: objects.serviceMonitor(input.metadata, name, {
      endpoints: [proxy.endpoint('https') {
        // Its metrics have namespaces of their own: those of what it runs.
        honorLabels: true,
        [if input.interval != null then 'interval']: input.interval,
      }],
      selector: { matchLabels: input.selector { 'app.kubernetes.io/version': input.version } },
    }, input.serviceMonitor),

    networkPolicy: objects.networkPolicy(input.metadata, name, input.selector, [
      objects.from(input.scraper, [input.kubeRbacProxy.port]),
    ]),

    // Kubernetes adds them to the roles that users already have.
    clusterRoleView: if input.userFacingRoles then objects.role(
      input.clusterMetadata { labels+: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      'monitoring-view',
      [allow('monitoring.coreos.com', userFacing, ['get', 'list', 'watch'])]
    ),
    clusterRoleEdit: if input.userFacingRoles then objects.role(
      input.clusterMetadata { labels+: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } },
      'monitoring-edit',
      [allow('monitoring.coreos.com', userFacing, ['create', 'delete', 'deletecollection', 'patch', 'update'])]
    ),

    clusterRole: objects.role(input.clusterMetadata, name, rules),
    clusterRoleBinding: objects.roleBinding(
      input.clusterMetadata, name, { name: name }, name, input.metadata.namespace
    ),
  }
