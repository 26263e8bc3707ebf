function(config) {
  groups: [{
    name: 'cache',
    rules: [{
      alert: 'CacheMisses',
      expr: 'sum(rate(cache_misses_total{%(selector)s}[5m])) > sum(rate(cache_hits_total{%(selector)s}[5m]))' % config,
      'for': '1h',
      labels: { severity: 'warning' },
      annotations: { summary: 'The cache misses more than it hits.' },
    }],
  }],
}
