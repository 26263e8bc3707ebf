{
  _config+:: {
    jobs: { broker: '.+/broker', worker: '.+/worker' },
    backlog: { warning: 1000, critical: 10000 },
    clusterLabels: ['cluster', 'namespace'],

    // Functions of the rest: who changes `jobs` changes the selectors.
    selector(job):: 'job=~"%s"' % $._config.jobs[job],
    by:: std.join(', ', self.clusterLabels),
  },
}
