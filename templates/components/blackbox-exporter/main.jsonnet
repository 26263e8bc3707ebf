// blackbox-exporter: the prober, a container that tells it of changed modules,
// and kube-rbac-proxy in front of its metrics. Probes go to it directly.
local proxy = import 'lib/kube-rbac-proxy.libsonnet';
local objects = import 'lib/objects.libsonnet';

local name = 'blackbox-exporter';
local configuration = name + '-configuration';
local folder = '/etc/blackbox_exporter/';
local config = { name: 'config', mountPath: folder, readOnly: true };

function(input)
  local exporter = {
    name: name,
    image: input.image,
    args: [
      '--config.file=' + folder + 'config.yml',
      '--web.listen-address=:%d' % input.internalPort,
    ] + input.extraArgs,
    ports: [{ containerPort: input.internalPort, name: 'http' }],
    resources: input.resources,
    securityContext: input.securityContext,
    volumeMounts: [config],
  };
  local reloader = {
    name: 'module-configmap-reloader',
    image: input.configmapReload.image,
    args: [
      '--webhook-url=http://localhost:%d/-/reload' % input.internalPort,
      '--volume-dir=' + folder,
    ],
    resources: input.configmapReload.resources,
    securityContext: input.configmapReload.securityContext,
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [config],
  };
  {
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: input.metadata { name: name },
      spec: {
        replicas: input.replicas,
        selector: { matchLabels: input.selector },
        template: {
          metadata: objects.podMetadata(input.podMetadata, name),
          spec: input.pod {
            automountServiceAccountToken: true,
            containers: [exporter, reloader, proxy.container(input.kubeRbacProxy)],
            serviceAccountName: name,
            volumes: [{ name: 'config', configMap: { name: configuration } }],
          },
        },
      },
    },

    configuration: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: input.metadata { name: configuration },
      data: { 'config.yml': input.config },
    },

    service: objects.service(input.metadata, name, {
      ports: [
        { name: 'https', port: input.port, targetPort: 'https' },
        { name: 'probe', port: input.internalPort, targetPort: 'http' },
      ],
      selector: input.selector,
    }),

    serviceAccount: objects.serviceAccount(input.metadata, name, false),

    serviceMonitor: objects.serviceMonitor(input.metadata, name, {
      endpoints: [proxy.endpoint('https') { interval: input.interval, path: '/metrics' }],
      selector: { matchLabels: input.selector },
    }, input.serviceMonitor),

    networkPolicy: objects.networkPolicy(input.metadata, name, input.selector, [
      objects.from(input.scraper, [input.port, input.internalPort]),
    ]),

    clusterRole: objects.role(input.clusterMetadata, name, proxy.rules),
    clusterRoleBinding: objects.roleBinding(
      input.clusterMetadata, name, { name: name }, name, input.metadata.namespace
    ),
  }
