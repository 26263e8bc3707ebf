// Compute Resources / Nodes Overview: how full the nodes of one cluster are,
// all together and each.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local r = (import 'resources.libsonnet')(config);
  local nodes = r.parts('node', 'node', k.inCluster, [], legend='{{node}}');

  local used = {
    cpu: '%s{%s}' % [r.cpuRecord, k.inCluster],
    memory: 'node_namespace_pod_container:container_memory_working_set_bytes{%s, container!=""}' % k.inCluster,
  };
  local allocatable(resource) = r.kubeState('kube_node_status_allocatable', k.inCluster, 'resource="%s"' % resource);
  local total(series) = 'sum(%s)' % series;
  local graph(title, unit, description, queries, overrides=[], decimals=null) =
    d.timeseries(title, unit, description, queries, w=24, min=0, overrides=overrides, decimals=decimals);
  local demand(title, unit, resource, description) = graph(title, unit, description, [
    d.query(total(allocatable(resource)), 'allocatable'),
    d.query(total('cluster:namespace:pod_%s:active:kube_pod_container_resource_requests{%s}' % [resource, k.inCluster]), 'requests'),
    d.query(total(used[resource]), 'usage'),
  ]);
  local utilisation(title, resource, description) =
    graph(title, 'percentunit', description, [d.query(r.share(nodes.sum(used[resource]), nodes.sum(allocatable(resource))), nodes.legend)]);

  k.dashboard(
    'Compute Resources / Nodes Overview',
    '058020e04168bfdea0c52269cb699df2',
    'Nodes and pods of one cluster, and how much of the nodes is requested and used.',
    variables=[k.clusterOf(config.kubeStateMetricsSelector)],
    from='now-6h',
    panels=[
      graph('Node & Pod Count', 'short', 'Nodes of the cluster and, on the right axis, pods that run on them.', [
        d.query('count(%s)' % r.kubeState('kube_node_info', k.inCluster), 'nodes'),
        d.query('sum(kubelet_running_pods{%s, %s})' % [k.inCluster, config.kubeletSelector], 'pods'),
      ], overrides=[d.named('pods', d.look.rightAxis)], decimals=0),
      demand('CPU Usage', 'short', 'cpu', 'CPU cores that pods can have, request and use. Pods stay pending when requests come close to what is allocatable, however little is used.'),
      demand('Memory Usage', 'bytes', 'memory', 'Memory that pods can have, request and use (working set).'),
      utilisation('CPU Utilization per Node', 'cpu', 'CPU that the containers of each node use, of what pods can have there.'),
      utilisation('Memory Utilization per Node', 'memory', 'Working set of the containers of each node, of what pods can have there. Near 100 % the kubelet evicts pods.'),
    ],
  )
