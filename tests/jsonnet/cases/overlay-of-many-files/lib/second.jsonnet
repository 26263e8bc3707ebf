// Sees what the first one made.
{
  assert $.prometheus.prometheus.spec.logLevel == 'debug' : 'the first overlay comes first',
  alertmanager+: { alertmanager+: { spec+: { logFormat: if super.logLevel == 'debug' then 'json' else 'logfmt' } } },
}
