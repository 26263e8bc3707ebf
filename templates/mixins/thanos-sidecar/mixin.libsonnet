// Thanos sidecar: alerts about its uploads and its connection to Prometheus. Asked for with `prometheus.thanos`.
(import 'config.libsonnet') +
(import 'alerts.libsonnet')
