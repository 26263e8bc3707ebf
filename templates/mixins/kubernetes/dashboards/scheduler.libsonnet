// Scheduler: how many pods it places and how long that takes. Absent where the
// cloud provider runs it out of sight.
local d = import 'lib/dashboard.libsonnet';

function(config)
  local k = (import 'common.libsonnet')(config);
  local scheduler = (import 'process.libsonnet')(config, config.kubeSchedulerSelector, 'the scheduler');
  // What is timed, and how the legend names it.
  local steps = [
    ['scheduler_scheduling_attempt_duration_seconds', 'attempt'],
    ['scheduler_pod_scheduling_sli_duration_seconds', 'pod, all attempts'],
    ['scheduler_scheduling_algorithm_duration_seconds', 'algorithm'],
  ];

  k.dashboard(
    'Scheduler',
    '2e6b6a3b4bddf1427b3a55aa1311c656',
    'Rate and duration of scheduling, calls to the API server and process of kube-scheduler.',
    variables=scheduler.variables,
    panels=[
      scheduler.up,
      d.timeseries('Scheduling Rate', 'ops', 'Attempts to place a pod in each second, pods placed, and runs of the algorithm that picks a node. Many more attempts than pods mean that pods do not fit anywhere.', [
        d.query(scheduler.rate('instance', s[0] + '_count'), '{{instance}} ' + s[1])
        for s in steps
      ], w=10, min=0),
      d.timeseries('Scheduling latency 99th Quantile', 's', 'Time that 99 of 100 of them stay below: one attempt, a pod from the queue to its node, and the algorithm alone.', [
        d.query(scheduler.quantile('instance', s[0]), '{{instance}} ' + s[1])
        for s in steps
      ], w=10, min=0),
      scheduler.requestRate(),
      scheduler.postLatency,
      scheduler.getLatency,
    ] + scheduler.process,
  )
