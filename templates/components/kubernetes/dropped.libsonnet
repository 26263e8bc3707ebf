// The metrics of Kubernetes that are dropped at the scrape: facts about what its
// programs expose, as relabelings. What goes has been renamed, is deprecated, is
// said by another metric as well, or is too fine to be worth its storage. Which
// endpoint drops what is in main.jsonnet.
local drop(regex, labels=['__name__']) = { action: 'drop', regex: regex, sourceLabels: labels };
local names(prefix, list) = drop(prefix + '(' + std.join('|', list) + ')');

// What each work queue of the API server exposed under a name of its own before
// all shared `workqueue_...`.
local queue(name) = [
  name + '_' + metric
  for metric in [
    'adds',
    'depth',
    'longest_running_processor_microseconds',
    'queue_latency',
    'retries',
    'unfinished_work_seconds',
    'work_duration',
  ]
];

{
  // Names of old releases, which programs of the control plane still expose
  // under each other's names because they share libraries.
  deprecated: [
    names('kubelet_', [
      'pod_worker_latency_microseconds',
      'pod_start_latency_microseconds',
      'cgroup_manager_latency_microseconds',
      'pod_worker_start_latency_microseconds',
      'pleg_relist_latency_microseconds',
      'pleg_relist_interval_microseconds',
      'runtime_operations',
      'runtime_operations_latency_microseconds',
      'runtime_operations_errors',
      'eviction_stats_age_microseconds',
      'device_plugin_registration_count',
      'device_plugin_alloc_latency_microseconds',
      'network_plugin_operations_latency_microseconds',
    ]),
    names('scheduler_', [
      'e2e_scheduling_latency_microseconds',
      'scheduling_algorithm_predicate_evaluation',
      'scheduling_algorithm_priority_evaluation',
      'scheduling_algorithm_preemption_evaluation',
      'scheduling_algorithm_latency_microseconds',
      'binding_latency_microseconds',
      'scheduling_latency_seconds',
    ]),
    names('apiserver_', [
      'request_count',
      'request_latencies',
      'request_latencies_summary',
      'dropped_requests',
      'storage_data_key_generation_latencies_microseconds',
      'storage_transformation_failures_total',
      'storage_transformation_latencies_microseconds',
      'proxy_tunnel_sync_latency_secs',
      'longrunning_gauge',
      'registered_watchers',
      'storage_db_total_size_in_bytes',
      'flowcontrol_request_concurrency_limit',
      'flowcontrol_request_concurrency_in_use',
      'storage_objects',
    ]),
    names('kubelet_docker_', [
      'operations',
      'operations_latency_microseconds',
      'operations_errors',
      'operations_timeout',
    ]),
    names('reflector_', [
      'items_per_list',
      'items_per_watch',
      'list_duration_seconds',
      'lists_total',
      'short_watches_total',
      'watch_duration_seconds',
      'watches_total',
    ]),
    names('etcd_', [
      'helper_cache_hit_count',
      'helper_cache_miss_count',
      'helper_cache_entry_count',
      'object_counts',
      'request_cache_get_latencies_summary',
      'request_cache_add_latencies_summary',
      'request_latencies_summary',
    ]),
    names('transformation_', [
      'transformation_latencies_microseconds',
      'failures_total',
    ]),
    names('', [
      'admission_quota_controller_adds',
      'admission_quota_controller_depth',
      'admission_quota_controller_longest_running_processor_microseconds',
      'admission_quota_controller_queue_latency',
      'admission_quota_controller_unfinished_work_seconds',
      'admission_quota_controller_work_duration',
    ] + std.flatMap(queue, [
      'APIServiceOpenAPIAggregationControllerQueue1',
      'APIServiceRegistrationController',
      'autoregister',
      'AvailableConditionController',
      'crd_autoregistration_controller',
      'crdEstablishing',
      'crd_finalizer',
      'crd_naming_condition_controller',
      'crd_openapi_controller',
      'DiscoveryController',
    ]) + [
      'kubeproxy_sync_proxy_rules_latency_microseconds',
    ] + queue('non_structural_schema_condition_controller') + [
      'rest_client_request_latency_seconds',
      'storage_operation_errors_total',
      'storage_operation_status_count',
    ]),
  ],

  // etcd's own metrics, as its clients see them.
  etcd: drop('etcd_(debugging|disk|server).*'),
  // The same, and how long its clients wait.
  etcdWithRequests: drop('etcd_(debugging|disk|request|server).*'),

  // Times of admission, which other metrics have per plugin.
  admission: [
    drop('apiserver_admission_controller_admission_latencies_seconds_.*'),
    drop('apiserver_admission_step_admission_latencies_seconds_.*'),
  ],

  // Every other bucket of the largest histograms of the API server.
  buckets: [
    drop(
      '(apiserver_request|apiserver_request_sli|etcd_request)_duration_seconds_bucket;' +
      '(0.15|0.25|0.3|0.35|0.4|0.45|0.6|0.7|0.8|0.9|1.25|1.5|1.75|2.5|3|3.5|4.5|6|7|8|9|15|25|30|50)',
      ['__name__', 'le']
    ),
    drop(
      'apiserver_request_body_size_bytes_bucket;' +
      '(150000|350000|550000|650000|850000|950000|' +
      @'(1\.15|1\.35|1\.55|1\.65|1\.85|1\.95|2\.15|2\.35|2\.55|2\.65|2\.85|2\.95)e\+06)',
      ['__name__', 'le']
    ),
  ],

  cadvisor: [
    // Always zero, or not worth a series for each container.
    names('container_', ['network_tcp_usage_total', 'network_udp_usage_total', 'tasks_state', 'cpu_load_average_10s']),
    // Control groups that belong to no pod: units of the host.
    drop(
      '(' + std.join('|', [
        'container_spec_.*',
        'container_file_descriptors',
        'container_sockets',
        'container_threads_max',
        'container_threads',
        'container_start_time_seconds',
        'container_last_seen',
      ]) + ');;',
      ['__name__', 'pod', 'namespace']
    ),
    // Kept for whole pods only.
    drop('(container_blkio_device_usage_total);.+', ['__name__', 'container']),
  ],

  // The main endpoint of the same program says it as well.
  startTime: drop('process_start_time_seconds'),

  // The sum of lookups less the hits.
  dnsMisses: drop('coredns_cache_misses_total'),
}
