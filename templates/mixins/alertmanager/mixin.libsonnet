// Alertmanager: alerts about its configuration, its cluster and its notifications. It has no recording rules.
(import 'config.libsonnet') +
(import 'alerts.libsonnet')
