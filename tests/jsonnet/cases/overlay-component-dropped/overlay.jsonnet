{
  prometheus: { prometheus+: { spec+: { retention: '45d' } } },
  alertmanager:: {},
  grafana: null,
}
