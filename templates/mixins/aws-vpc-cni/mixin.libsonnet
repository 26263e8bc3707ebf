// AWS VPC CNI plug-in: an alert about the addresses that each node has left for pods. Asked for by platform `eks`.
(import 'config.libsonnet') +
(import 'alerts.libsonnet')
