{
  prometheusAlerts+:: { groups: [{ name: 'a', rules: [{ alert: 'A', severity: 'page' }] }] },
  prometheusRules+:: [{ name: 'a', rules: [] }],
  grafanaDashboards+:: { 'a.json': 'a' },
}
