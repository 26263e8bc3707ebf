{
  promtheus+: { prometheus+: { spec+: { retention: '45d' } } },
}
