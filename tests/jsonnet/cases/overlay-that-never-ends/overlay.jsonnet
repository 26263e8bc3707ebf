{
  prometheus+: { prometheus+: { spec+: { retention: self.retention } } },
}
