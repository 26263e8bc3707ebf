// The annotations of an alert: `summary` as given, `description` with the mixin's parameters filled in, and the
// address of its runbook. Not for alerts that have no runbook on the site of `runbookURLPattern`.
function(config, alert, summary, description) {
  summary: summary,
  description: description % config,
  runbook_url: config.runbookURLPattern % std.asciiLower(alert),
}
