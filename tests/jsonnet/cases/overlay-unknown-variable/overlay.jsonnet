{
  prometheus+: { prometheus+: { spec+: { retention: retention } } },
}
