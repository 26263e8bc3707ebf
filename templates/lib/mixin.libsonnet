// What a mixin gives under the stack's parameters. A mixin may lack any part.
function(mixin, config)
  local configured = mixin { _config+:: config };
  local groups(part) = if std.objectHasAll(configured, part) then configured[part].groups else [];
  {
    alerts: groups('prometheusAlerts'),
    rules: groups('prometheusRules'),
    dashboards: if std.objectHasAll(configured, 'grafanaDashboards') then configured.grafanaDashboards else {},
  }
