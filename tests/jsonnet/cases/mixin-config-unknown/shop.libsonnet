{
  _config+:: { selector: 'job="shop"', windows: { short: '5m', long: '1h' }, free: {} },
  prometheusAlerts+:: { groups: [] },
}
