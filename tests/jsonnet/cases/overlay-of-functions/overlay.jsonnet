// What kube-prometheus' users do to all objects of a component, and to its rules.
local withTeam(object) = object { metadata+: { labels+: { team: 'sre' } } };
local louder(group) = group {
  rules: [
    if 'alert' in rule && rule.alert == 'AlertmanagerFailedReload' then rule { labels+: { severity: 'page' } } else rule
    for rule in super.rules
    if !('alert' in rule) || rule.alert != 'AlertmanagerClusterDown'
  ],
};
{
  local before = super.alertmanager,
  alertmanager: {
    [name]: withTeam(before[name])
    for name in std.objectFields(before)
    if before[name].kind != 'ServiceAccount'
  } {
    prometheusRule+: { spec+: { groups: std.map(louder, super.groups) } },
  },
}
