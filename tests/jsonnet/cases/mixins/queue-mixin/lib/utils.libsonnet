{
  alert(name, severity, expr, hold='15m')::
    {
      alert: name,
      expr: expr,
      'for': hold,
      labels: { severity: severity },
      annotations: { summary: '%s is too long in {{ $labels.namespace }}.' % name },
    },
}
