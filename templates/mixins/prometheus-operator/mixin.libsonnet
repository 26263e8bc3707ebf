// Prometheus operator and the config reloaders that it puts beside its servers: alerts. It has no recording rules and
// no dashboards.
(import 'config.libsonnet') +
(import 'alerts.libsonnet')
