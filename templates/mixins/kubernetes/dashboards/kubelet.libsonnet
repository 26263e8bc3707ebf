// Kubelet: what the agents of the nodes run, and how long their work takes. The
// use of resources by pods and nodes is on other dashboards.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local kubelet = (import 'process.libsonnet')(config, config.kubeletSelector, 'the kubelets');

  local count(title, description, expr) = d.stat(title, 'none', description, [d.instant(expr)], h=7);
  local volumes(state) = kubelet.total('volume_manager_total_volumes', 'state="%s", ' % state);
  // A pod is started once and then synced again and again.
  local pods(query) = [
    d.query(query('kubelet_pod_start_duration_seconds'), '{{instance}} pod'),
    d.query(query('kubelet_pod_worker_duration_seconds'), '{{instance}} worker'),
  ];
  local storage = 'instance, operation_name, volume_plugin';
  local storageName = '{{instance}} {{operation_name}} {{volume_plugin}}';
  local operation = 'instance, operation_type';
  local operationName = '{{instance}} {{operation_type}}';

  k.dashboard(
    'Kubelet',
    '3138fa155d5915769fbded898ac09fd9',
    'Pods, volumes, operations, calls to the API server and processes of the kubelets.',
    variables=kubelet.variables,
    panels=[
      count('Running Kubelets', 'Kubelets of the cluster that answer Prometheus.', 'sum(kubelet_node_name{%s})' % kubelet.targets),
      count('Running Pods', 'Pods that have a running sandbox.', kubelet.total('kubelet_running_pods')),
      count('Running Containers', 'Containers that run now.', kubelet.total('kubelet_running_containers', 'container_state="running", ')),
      count('Actual Volume Count', 'Volumes that are mounted.', volumes('actual_state_of_world')),
      count('Desired Volume Count', 'Volumes that pods of the nodes ask for. More than are mounted for long means that mounting fails.', volumes('desired_state_of_world')),
      d.stat('Pod Start Errors', 'none', 'Pods that the kubelets failed to start within the time range.', [
        d.instant('sum(increase(kubelet_started_pods_errors_total{%s}[$__range]))' % kubelet.chosen),
      ], h=7, decimals=0, color='value', thresholds=d.thresholds('green', [[1, 'orange']])),

      kubelet.graph('Operation Rate', 'ops', 'Calls of the kubelet to the container runtime, by kind.', kubelet.rate(operation, 'kubelet_runtime_operations_total'), operationName),
      kubelet.graph('Operation Error Rate', 'ops', 'Calls to the container runtime that failed, by kind.', kubelet.rate(operation, 'kubelet_runtime_operations_errors_total'), operationName),
      kubelet.graph('Operation Duration 99th quantile', 's', 'Time that 99 of 100 calls to the container runtime take, by kind. Image pulls take long, the others should not.', kubelet.quantile(operation, 'kubelet_runtime_operations_duration_seconds'), operationName, w=24),

      d.timeseries('Pod Start Rate', 'ops', 'Pods started in each second (pod), and syncs of new and running pods (worker).', pods(function(metric) kubelet.rate('instance', metric + '_count')), min=0),
      d.timeseries('Pod Start Duration', 's', 'Time that 99 of 100 pods take from when the kubelet first sees them until they run (pod), and that one sync of a pod takes (worker).', pods(function(metric) kubelet.quantile('instance', metric)), min=0),

      kubelet.graph('Storage Operation Rate', 'ops', 'Mounts and other operations on volumes, by kind and plug-in.', kubelet.rate(storage, 'storage_operation_duration_seconds_count'), storageName),
      kubelet.graph('Storage Operation Error Rate', 'ops', 'Operations on volumes that failed, by kind and plug-in. Pods wait for their volumes meanwhile. Empty as long as none has failed.', kubelet.rate(storage, 'storage_operation_duration_seconds_count', 'status!="success", '), storageName),
      kubelet.graph('Storage Operation Duration 99th quantile', 's', 'Time that 99 of 100 operations on volumes take, by kind and plug-in.', kubelet.quantile(storage, 'storage_operation_duration_seconds'), storageName, w=24),

      kubelet.graph('Cgroup manager operation rate', 'ops', 'Creations, updates and removals of the control groups of pods, by kind.', kubelet.rate(operation, 'kubelet_cgroup_manager_duration_seconds_count'), operationName),
      kubelet.graph('Cgroup manager 99th quantile', 's', 'Time that 99 of 100 operations on control groups take, by kind.', kubelet.quantile(operation, 'kubelet_cgroup_manager_duration_seconds'), operationName),

      kubelet.graph('PLEG relist rate', 'ops', 'How often each kubelet asks the runtime for the list of its containers. It should be about once a second.', kubelet.rate('instance', 'kubelet_pleg_relist_duration_seconds_count'), '{{instance}}'),
      kubelet.graph('PLEG relist interval', 's', 'Time between two lists of containers, for 99 of 100 of them.', kubelet.quantile('instance', 'kubelet_pleg_relist_interval_seconds'), '{{instance}}'),
      kubelet.graph('PLEG relist duration', 's', 'Time that 99 of 100 lists of containers take. The kubelet declares its node not ready when one takes minutes.', kubelet.quantile('instance', 'kubelet_pleg_relist_duration_seconds'), '{{instance}}', w=24),

      kubelet.requestRate('RPC rate', w=24),
      kubelet.graph('Request duration 99th quantile', 's', 'Time that 99 of 100 calls to the API server take, by kind, as seen by the kubelet.', kubelet.quantile('instance, verb', 'rest_client_request_duration_seconds'), '{{instance}} {{verb}}', w=24),
    ] + kubelet.process,
  )
