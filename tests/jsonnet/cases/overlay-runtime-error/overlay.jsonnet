// Two mistakes at two places: both are said.
local lib = import 'lib.libsonnet';
{
  prometheus+: {
    prometheus+: { spec+: { retention: lib.days(-1) } },
    service+: { metadata+: { labels+: { a: $.prometheus.prometheus.spec.retention } } },
  },
  alertmanager+: {
    alertmanager+: { spec+: { replicas: $.values.components.alertmanger.replicas } },
  },
}
