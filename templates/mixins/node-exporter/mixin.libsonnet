// Alerts, recording rules and dashboards of the hosts that node-exporter watches.
(import 'config.libsonnet') +
(import 'alerts.libsonnet') +
(import 'rules.libsonnet') +
(import 'dashboards.libsonnet')
