{
  prometheus+: { prometheus+: { spec+: { retention(days): days } } },
}
