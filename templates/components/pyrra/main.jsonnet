// Pyrra: the API with its pages, the controller that makes rules of objectives,
// and the objectives.
local objects = import 'lib/objects.libsonnet';

local api = { name: 'pyrra-api', port: 9099 };
local controller = { name: 'pyrra-kubernetes', port: 9444 };

// The controller looks after objectives, and after the rules that it makes of them.
local rules = [
  {
    apiGroups: ['monitoring.coreos.com'],
    resources: ['prometheusrules'],
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  },
  { apiGroups: ['monitoring.coreos.com'], resources: ['prometheusrules/status'], verbs: ['get'] },
  {
    apiGroups: ['pyrra.dev'],
    resources: ['servicelevelobjectives'],
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  },
  {
    apiGroups: ['pyrra.dev'],
    resources: ['servicelevelobjectives/status'],
    verbs: ['get', 'patch', 'update'],
  },
];

function(input)
  local namespace = input.api.metadata.namespace;

  local deployment(part, identity, args, account) = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: identity.metadata { name: part.name },
    spec: {
      replicas: input.replicas,
      selector: { matchLabels: identity.selector },
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
      template: {
        metadata: identity.podMetadata,
        spec: input.pod + account {
          containers: [{
            name: 'pyrra',
            image: input.image,
            args: args,
            ports: [{ containerPort: part.port }],
            [if input.resources != {} then 'resources']: input.resources,
            securityContext: input.securityContext,
          }],
        },
      },
    },
  };

  local service(part, identity) = objects.service(identity.metadata, part.name, {
    ports: [{ name: 'http', port: part.port, targetPort: part.port }],
    selector: identity.selector,
  });

  {
    apiDeployment: deployment(api, input.api, [
      'api',
      '--api-url=http://%s.%s.svc:%s' % [controller.name, namespace, controller.port],
      '--prometheus-url=' + input.prometheus,
    ], { automountServiceAccountToken: false }),
    apiService: service(api, input.api),

    // People reach its pages by a port-forward, which is none of the network's.
    apiNetworkPolicy: objects.networkPolicy(input.api.metadata, api.name, input.api.selector, []),

    kubernetesDeployment: deployment(controller, input.kubernetes, ['kubernetes'], {
      automountServiceAccountToken: true,
      serviceAccountName: controller.name,
    }),
    kubernetesService: service(controller, input.kubernetes),
    kubernetesServiceAccount: objects.serviceAccount(input.kubernetes.metadata, controller.name, false),
    kubernetesClusterRole: objects.role(input.kubernetes.clusterMetadata, controller.name, rules),
    kubernetesClusterRoleBinding: objects.roleBinding(
      input.kubernetes.clusterMetadata, controller.name, { name: controller.name }, controller.name, namespace
    ),

    // The API asks it for the objectives.
    kubernetesNetworkPolicy: objects.networkPolicy(input.kubernetes.metadata, controller.name, input.kubernetes.selector, [
      objects.from(input.api.selector['app.kubernetes.io/name'], [controller.port]),
    ]),
  } + {
    ['objective-' + name]: {
      apiVersion: 'pyrra.dev/v1alpha1',
      kind: 'ServiceLevelObjective',
      metadata: input.objectiveMetadata { name: name },
      spec: input.objectives[name],
    }
    for name in std.objectFields(input.objectives)
  }
