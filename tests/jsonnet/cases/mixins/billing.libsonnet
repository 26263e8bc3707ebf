local importRules(rules) = { groups+: std.mapWithIndex(function(i, group) group { name: '%s-%d' % [group.name, i] }, rules) };
{
  local config = { _config+: { window: '1h' } },

  prometheusRules: importRules([
    { name: 'billing', rules: [{ record: 'invoice:sent:rate1h', expr: 'rate(invoices_sent_total[%s])' % (config._config.window) }] },
  ]),
  grafanaDashboards: {
    invoices: {
      title: 'Invoices',
      uid: 'invoices',
      schemaVersion: 42,
      panels: [{ id: 1, type: 'stat', title: 'Sent', gridPos: { x: 0, y: 0, w: 24, h: 7 }, targets: [{ refId: 'A', expr: 'invoice:sent:rate1h' }] }],
    },
  },
}
