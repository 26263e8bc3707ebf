// node-exporter: on every node a pod that sees the node as it is, behind kube-rbac-proxy.
local proxy = import 'lib/kube-rbac-proxy.libsonnet';
local objects = import 'lib/objects.libsonnet';

local name = 'node-exporter';

// A folder of the node, with what is mounted into it later.
local seen(volume, path) = {
  name: volume,
  mountPath: path,
  mountPropagation: 'HostToContainer',
  readOnly: true,
};

function(input)
  local exporter = {
    name: name,
    image: input.image,
    args: [
      '--web.listen-address=' + input.listen,
      '--path.sysfs=/host/sys',
      '--path.rootfs=/host/root',
      '--path.procfs=/host/root/proc',
      '--path.udev.data=/host/root/run/udev/data',
      '--no-collector.wifi',
      '--no-collector.hwmon',
      '--no-collector.btrfs',
      '--collector.filesystem.mount-points-exclude=' + input.mountPointsExclude,
      '--collector.netclass.ignored-devices=' + input.ignoredDevices,
      '--collector.netdev.device-exclude=' + input.ignoredDevices,
    ] + input.extraArgs,
    resources: input.resources,
    securityContext: input.securityContext,
    volumeMounts: [seen('sys', '/host/sys'), seen('root', '/host/root')],
  };
  // It listens on the node, on the address that Prometheus finds the pod by.
  local entrance = proxy.container(input.kubeRbacProxy) {
    env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
    ports: [port { hostPort: port.containerPort } for port in super.ports],
  };
  {
    daemonSet: {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: input.metadata { name: name },
      spec: {
        selector: { matchLabels: input.selector },
        template: {
          metadata: objects.podMetadata(input.podMetadata, name),
          spec: input.pod {
            automountServiceAccountToken: true,
            containers: [exporter, entrance],
            hostNetwork: true,
            hostPID: true,
            serviceAccountName: name,
            volumes: [
              { name: 'sys', hostPath: { path: '/sys' } },
              { name: 'root', hostPath: { path: '/' } },
            ],
          },
        },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      },
    },

    service: objects.service(input.metadata, name, {
      clusterIP: 'None',
      ports: [{ name: 'https', port: input.port, targetPort: 'https' }],
      selector: input.selector,
    }),

    serviceAccount: objects.serviceAccount(input.metadata, name, false),

    serviceMonitor: objects.serviceMonitor(input.metadata, name, {
      endpoints: [proxy.endpoint('https') {
        interval: input.interval,
        // Nodes are known by their name, not by the address of a pod.
        relabelings: [{
          action: 'replace',
          sourceLabels: ['__meta_kubernetes_pod_node_name'],
          regex: '(.*)',
          replacement: '$1',
          targetLabel: 'instance',
        }],
      }],
      jobLabel: 'app.kubernetes.io/name',
      selector: { matchLabels: input.selector },
    }, input.serviceMonitor),

    networkPolicy: objects.networkPolicy(input.metadata, name, input.selector, [
      objects.from(input.scraper, [input.port]),
    ]),

    clusterRole: objects.role(input.clusterMetadata, name, proxy.rules),
    clusterRoleBinding: objects.roleBinding(
      input.clusterMetadata, name, { name: name }, name, input.metadata.namespace
    ),
  }
