// Grafana: configuration, data sources and dashboards are mounted; nothing is
// kept unless there is a volume for it.
local exposure = import 'lib/exposure.libsonnet';
local objects = import 'lib/objects.libsonnet';

local name = 'grafana';

// Something of the pod's, and where it is mounted: a volume and its path.
local mounted(volume, path, source) = {
  volume: { name: volume } + source,
  mount: { name: volume, mountPath: path, readOnly: false },
};
local secret(volume) = { secret: { secretName: volume } };
local configMap(volume) = { configMap: { name: volume } };

local storage = 'grafana-storage';

function(input)
  local dashboard(file) =
    local map = 'grafana-dashboard-' + file.name;
    mounted(map, file.path, configMap(map));
  local files = [
    mounted(
      storage,
      '/var/lib/grafana',
      if input.storage == null then { emptyDir: {} } else { persistentVolumeClaim: { claimName: storage } }
    ),
    mounted('grafana-datasources', '/etc/grafana/provisioning/datasources', secret('grafana-datasources')),
    mounted('grafana-dashboards', '/etc/grafana/provisioning/dashboards', configMap('grafana-dashboards')),
    mounted('tmp-plugins', '/tmp', { emptyDir: { medium: 'Memory' } }),
  ] + std.map(dashboard, input.dashboards) + [
    mounted('grafana-config', '/etc/grafana', secret('grafana-config')),
  ] + (
    if input.ldap == null then []
    else [mounted('grafana-ldap', input.ldap.folder, { secret: { secretName: input.ldap.secret } })]
  );
  {
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: input.metadata { name: name },
      spec: {
        replicas: input.replicas,
        selector: { matchLabels: input.selector },
        // A volume is mounted on one node at a time.
        [if input.storage != null then 'strategy']: { type: 'Recreate' },
        template: {
          // Grafana reads these files when it starts: other files, other pods.
          metadata: input.podMetadata {
            annotations+: {
              'checksum/grafana-config': std.md5(input.config),
              'checksum/grafana-dashboardproviders': std.md5(input.dashboardProviders),
              [if input.dashboardsChecksum != null then 'checksum/grafana-dashboards']: input.dashboardsChecksum,
              'checksum/grafana-datasources': std.md5(input.dataSources),
            },
          },
          spec: input.pod {
            automountServiceAccountToken: false,
            containers: [{
              name: name,
              image: input.image,
              [if input.env != [] then 'env']: input.env,
              ports: [{ containerPort: 3000, name: 'http' }],
              readinessProbe: { httpGet: { path: '/api/health', port: 'http' } },
              resources: input.resources,
              securityContext: input.securityContext,
              volumeMounts: [file.mount for file in files],
            }],
            serviceAccountName: name,
            volumes: [file.volume for file in files],
          },
        },
      },
    },

    volume: if input.storage != null then {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: input.metadata { name: storage },
      spec: objects.storage(input.storage).volumeClaimTemplate.spec,
    },

    config: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: input.metadata { name: 'grafana-config' },
      type: 'Opaque',
      stringData: { 'grafana.ini': input.config },
    },

    dataSources: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: input.metadata { name: 'grafana-datasources' },
      type: 'Opaque',
      stringData: { 'datasources.yaml': input.dataSources },
    },

    dashboardProviders: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: input.metadata { name: 'grafana-dashboards' },
      data: { 'dashboards.yaml': input.dashboardProviders },
    },

    service: objects.service(input.metadata, name, {
      ports: [{ name: 'http', port: 3000, targetPort: 'http' } + input.exposure.port],
      selector: input.selector,
    } + input.exposure.service),

    serviceAccount: objects.serviceAccount(input.metadata, name, false),

    serviceMonitor: objects.serviceMonitor(input.metadata, name, {
      endpoints: [{ port: 'http', interval: input.interval }],
      selector: { matchLabels: { 'app.kubernetes.io/name': input.selector['app.kubernetes.io/name'] } },
    }, input.serviceMonitor),

    networkPolicy: objects.networkPolicy(input.metadata, name, input.selector, [
      objects.from(input.scraper, [3000]),
    ] + exposure.ways(input.exposure, 3000)),
  } + exposure.objects(input.exposure, input.metadata, name, { name: 'http', number: 3000 })
