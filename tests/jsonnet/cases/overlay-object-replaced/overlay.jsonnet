{
  prometheus+: {
    // Without `+` this is all of it.
    prometheus: { spec+: { retention: '45d' } },
  },
  alertmanager+: {
    extra: { kind: 'ConfigMap', metadata: { name: 'x' } },
    helper: { a: 1 },
  },
  prometheuss: { prometheus: { spec: {} } },
}
