// Prometheus: alerts about the server's configuration, storage, rules, notifications and remote write, and two
// dashboards. It has no recording rules.
(import 'config.libsonnet') +
(import 'alerts.libsonnet') +
(import 'dashboards.libsonnet')
