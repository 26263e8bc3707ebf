// Recording rules and dashboards of Windows nodes and their containers.
(import 'config.libsonnet') +
(import 'rules.libsonnet') +
(import 'dashboards.libsonnet')
