{
  prometheus+: {
    servce+: { spec+: { type: 'NodePort' } },
    networkPolcy: null,
    thanosService+: {},
  },
  grafana+:: {
    dashboards+:: { 'mine.json': {} },
  },
}
