{
  prometheus+: {
    prometheus+: { spec+ { retention: '45d' } },
  },
}
