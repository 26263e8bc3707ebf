local utils = import '../lib/utils.libsonnet';
function(config) {
  name: 'queue-broker',
  rules: [
    utils.alert('QueueBacklog', severity, '%s:queue_messages:sum > %d' % [std.strReplace(config.by, ', ', '_'), config.backlog[severity]])
    for severity in std.objectFields(config.backlog)
  ],
}
