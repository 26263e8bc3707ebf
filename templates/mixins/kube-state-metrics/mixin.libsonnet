// Alerts about kube-state-metrics itself: without it, every alert on the state
// of Kubernetes objects is blind.
(import 'config.libsonnet') +
(import 'alerts.libsonnet')
