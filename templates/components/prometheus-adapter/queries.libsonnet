// How the adapter answers the resource metrics API: its `resourceRules`. What
// stands in `<<` and `>>` is filled in by the adapter: by which label it asks,
// and for which names. Container queries are about containers that belong to a
// pod, node queries about whole nodes; on Windows nodes other programs measure.
local container = '<<.LabelMatchers>>, container!="", pod!=""';
local node = '<<.LabelMatchers>>, job="node-exporter"';
local windowsNode = '<<.LabelMatchers>>, job="windows-exporter"';

local sum(lines) = 'sum by (<<.GroupBy>>) (\n' + std.join('', ['  ' + line + '\n' for line in lines]) + ')';
local either(linux, windows) = sum(linux) + ' or ' + sum(windows);

local resources(node) = {
  overrides: {
    [node]: { resource: 'node' },
    namespace: { resource: 'namespace' },
    pod: { resource: 'pod' },
  },
};

function(windows) {
  cpu: {
    containerLabel: 'container',
    containerQuery: sum(['irate(container_cpu_usage_seconds_total{%s}[%s])' % [container, windows.cadvisor]]),
    // node-exporter knows its pod, and Kubernetes the pod's node.
    nodeQuery: either(
      [
        '(1 - irate(node_cpu_seconds_total{mode="idle", job="node-exporter"}[%s]))' % windows.nodeExporter,
        '* on (namespace, pod) group_left (node)',
        'node_namespace_pod:kube_pod_info:{<<.LabelMatchers>>}',
      ],
      ['1 - irate(windows_cpu_time_total{%s, mode="idle"}[%s])' % [windowsNode, windows.windowsExporter]]
    ),
    resources: resources('node'),
  },

  memory: {
    containerLabel: 'container',
    containerQuery: sum(['container_memory_working_set_bytes{%s}' % container]),
    nodeQuery: either(
      [
        'node_memory_MemTotal_bytes{%s}' % node,
        '- node_memory_MemAvailable_bytes{%s}' % node,
      ],
      [
        'windows_cs_physical_memory_bytes{%s}' % windowsNode,
        '- windows_memory_available_bytes{%s}' % windowsNode,
      ]
    ),
    // The monitor of node-exporter puts the node's name into `instance`.
    resources: resources('instance'),
  },

  window: '5m',
}
