// Windows nodes: windows-exporter as a process of each node, when it is asked
// for. Hosts with an exporter of their own are part of Prometheus' configuration.
local objects = import 'lib/objects.libsonnet';

local portName = 'http';

// The folder of a host-process container on its node: containers see the whole
// node, and the runtime replaces this word in their arguments.
local sandbox = '%CONTAINER_SANDBOX_MOUNT_POINT%';

function(input)
  local exporter = input.hostProcess;
  local config = exporter.name + '-config';

  // Windows keeps strangers out; the rule is made anew, as the port may have changed.
  local firewall = {
    name: 'configure-firewall',
    image: exporter.image,
    command: ['powershell.exe'],
    args: [
      '-NoProfile',
      '-Command',
      "Remove-NetFirewallRule -Name '%(name)s' -ErrorAction SilentlyContinue; New-NetFirewallRule -Name '%(name)s' -DisplayName '%(name)s' -Direction Inbound -Profile Any -Action Allow -Protocol TCP -LocalPort %(port)d" % exporter,
    ],
    resources: exporter.resources,
    securityContext: exporter.securityContext,
  };

  local container = {
    name: exporter.name,
    image: exporter.image,
    args: ['--config.file=' + sandbox + '/config.yml'] + exporter.extraArgs,
    ports: [{ name: portName, containerPort: exporter.port, hostPort: exporter.port }],
    resources: exporter.resources,
    securityContext: exporter.securityContext,
    volumeMounts: [{ name: config, mountPath: '/config.yml', subPath: 'config.yml' }],
  };

  if exporter == null then {} else {
    configMap: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: input.metadata { name: config },
      data: { 'config.yml': exporter.config },
    },

    daemonSet: {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: input.metadata { name: exporter.name },
      spec: {
        selector: { matchLabels: input.selector },
        template: {
          metadata: objects.podMetadata(input.podMetadata, exporter.name) {
            // A mounted file does not follow its ConfigMap.
            annotations+: { 'checksum/config': std.md5(exporter.config) },
          },
          spec: exporter.pod {
            automountServiceAccountToken: false,
            // Host-process containers have no network but their node's.
            hostNetwork: true,
            initContainers: [firewall],
            containers: [container],
            volumes: [{ name: config, configMap: { name: config } }],
          },
        },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      },
    },

    podMonitor: {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: input.metadata { name: exporter.name },
      spec: std.mergePatch({
        jobLabel: 'app.kubernetes.io/name',
        podMetricsEndpoints: [{
          interval: exporter.interval,
          port: portName,
          // Nodes are known by their name, not by the address of a pod.
          relabelings: [{
            action: 'replace',
            regex: '(.*)',
            replacement: '$1',
            sourceLabels: ['__meta_kubernetes_pod_node_name'],
            targetLabel: 'instance',
          }],
        }],
        selector: { matchLabels: input.selector },
      }, exporter.podMonitor),
    },
  }
