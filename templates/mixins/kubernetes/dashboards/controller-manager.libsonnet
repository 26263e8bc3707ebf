// Controller Manager: the queues of the built-in controllers and their calls to
// the API server. Absent where the cloud provider runs it out of sight.
function(config)
  local k = (import 'common.libsonnet')(config);
  local manager = (import 'process.libsonnet')(config, config.kubeControllerManagerSelector, 'the controller manager');

  k.dashboard(
    'Controller Manager',
    '72e0e05bef5099e5f049b05fdc429ed4',
    'Work queues, calls to the API server and process of kube-controller-manager.',
    variables=manager.variables,
    panels=[
      manager.up,
      manager.queueAdds(w=20),
      manager.queueDepth(w=24),
      manager.queueLatency,
      manager.requestRate(),
      manager.postLatency,
      manager.getLatency,
    ] + manager.process,
  )
