// The Kubernetes mixin: alerts, recording rules and dashboards of a cluster's
// own parts. Deliberately only a list of its files.
(import 'config.libsonnet') +
(import 'alerts.libsonnet') +
(import 'rules.libsonnet') +
(import 'dashboards.libsonnet')
