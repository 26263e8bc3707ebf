// Weave Net: alerts and dashboards about the routers that connect the pods of different nodes. Asked for by the
// component of this name.
(import 'config.libsonnet') +
(import 'alerts.libsonnet') +
(import 'dashboards.libsonnet')
