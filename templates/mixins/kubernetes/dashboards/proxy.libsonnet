// Proxy: how fast kube-proxy brings the rules of the nodes up to date. There in
// every cluster, so that it is ready when kube-proxy begins to be scraped; it is
// empty before that.
function(config)
  local k = (import 'common.libsonnet')(config);
  local proxy = (import 'process.libsonnet')(config, config.kubeProxySelector, 'kube-proxy');
  local sync = 'kubeproxy_sync_proxy_rules_duration_seconds';
  local programming = 'kubeproxy_network_programming_duration_seconds';

  k.dashboard(
    'Proxy',
    '632e265de029684c40b21cb76bca4f94',
    'Rules, calls to the API server and process of kube-proxy. Empty unless kube-proxy is scraped.',
    variables=proxy.variables,
    panels=[
      proxy.up,
      proxy.graph('Rules Sync Rate', 'ops', 'How often the rules of a node are brought up to date, over all chosen nodes.', proxy.totalRate(sync + '_count'), 'rate', w=10),
      proxy.graph('Rules Sync Latency 99th Quantile', 's', 'Time that 99 of 100 updates of the rules take, by node and address family.', 'histogram_quantile(0.99, rate(%s_bucket{%s}[$__rate_interval]))' % [sync, proxy.chosen], '{{instance}} {{ip_family}}', w=10),
      proxy.graph('Network Programming Rate', 'ops', 'Changes of endpoints that reach the rules of a node in each second, over all chosen nodes.', proxy.totalRate(programming + '_count'), 'rate'),
      proxy.graph('Network Programming Latency 99th Quantile', 's', 'Time between the change of a Service or pod and the rules that follow it, for 99 of 100 changes. Until then, traffic goes to the former pods.', proxy.quantile('instance', programming), '{{instance}}'),
      proxy.requestRate(),
      proxy.postLatency,
      proxy.getLatency,
    ] + proxy.process,
  )
