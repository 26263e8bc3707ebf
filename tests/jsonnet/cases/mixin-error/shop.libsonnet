{
  _config+:: { window: '5m' },
  prometheusRules+:: { groups: [{ name: 'a', rules: [
    { record: 'a:b', expr: 'rate(a_total[%s])' % std.asciiUpper($._config.window) },
  ] }] },
}
