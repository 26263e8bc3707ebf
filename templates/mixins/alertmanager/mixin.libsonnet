// Alertmanager: alerts about its configuration, its cluster and its notifications, and one dashboard. It has no recording rules.
(import 'config.libsonnet') +
(import 'alerts.libsonnet') +
(import 'dashboards.libsonnet')
