(import 'lib/prometheus.libsonnet') + {
  alertmanager+: { alertmanager+: { spec+: { logLevel: 'debug' } } },
}
