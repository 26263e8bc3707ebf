// Alerts and recording rules about the stack as a whole: are targets up, does
// alerting itself work, how busy are all nodes together.
(import 'config.libsonnet') +
(import 'alerts.libsonnet') +
(import 'rules.libsonnet')
