// The autoscaler of a Deployment: it counts the nodes and writes the resources of a container.
local objects = import 'lib/objects.libsonnet';

local name = 'ksm-autoscaler';

function(input, target)
  local namespace = input.metadata.namespace;
  {
    autoscalerDeployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: input.metadata { name: name },
      spec: {
        replicas: 1,
        selector: { matchLabels: input.selector },
        template: {
          metadata: input.podMetadata,
          spec: input.pod {
            automountServiceAccountToken: true,
            containers: [{
              name: name,
              image: input.image,
              command: ['/cpvpa'],
              args: [
                '--target=deployment/' + target,
                '--namespace=' + namespace,
                '--logtostderr=true',
                '--poll-period-seconds=10',
                '--default-config=' + std.manifestJsonMinified(input.config),
              ],
              resources: input.resources,
              securityContext: input.securityContext,
            }],
            serviceAccountName: name,
          },
        },
      },
    },

    autoscalerServiceAccount: objects.serviceAccount(input.metadata, name, false),

    // It has nothing that anybody would ask it for.
    autoscalerNetworkPolicy: objects.networkPolicy(input.metadata, name, input.selector, []),

    autoscalerClusterRole: objects.role(input.clusterMetadata, name, [
      { apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] },
    ]),
    autoscalerClusterRoleBinding: objects.roleBinding(
      input.clusterMetadata, name, { name: name }, name, namespace
    ),
    autoscalerRole: objects.role(input.metadata, name, [
      { apiGroups: ['apps'], resources: ['deployments'], resourceNames: [target], verbs: ['patch'] },
    ]),
    autoscalerRoleBinding: objects.roleBinding(input.metadata, name, { name: name }, name, namespace),
  }
