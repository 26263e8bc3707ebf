{
  prometheusRules+:: {
    groups+: [{
      name: 'queue.rules',
      rules: [{
        record: '%s:queue_messages:sum' % std.strReplace($._config.by, ', ', '_'),
        expr: |||
          sum by (%s) (queue_messages{%s})
        ||| % [$._config.by, $._config.selector('broker')],
      }],
    }],
  },
}
