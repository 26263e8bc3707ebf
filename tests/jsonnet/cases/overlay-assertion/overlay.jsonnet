{
  assert $.prometheus.prometheus.spec.replicas >= 3 : 'three replicas are the rule here',
  prometheus+: { prometheus+: { spec+: { retention: '45d' } } },
}
