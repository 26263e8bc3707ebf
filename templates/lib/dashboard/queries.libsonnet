// Queries of panels. A panel gives them their letters (A, B, ...) in order.
// Deliberately plain: the expression is written where the panel is, because
// that is what a reader of a dashboard looks for.
{
  // A query over the time range. Without a legend, Grafana names series by
  // the labels in which they differ. `exemplars` adds the traces behind buckets.
  query(expr, legend='__auto', exemplars=false):: {
    expr: std.trim(expr),
    legendFormat: legend,
    range: true,
    instant: false,
    datasource: { type: 'prometheus', uid: '${datasource}' },
    [if exemplars then 'exemplar']: true,
  },

  // A query at the end of the time range: what a stat or a gauge shows.
  instant(expr, legend='__auto'):: $.query(expr, legend) { range: false, instant: true },

  // A query for heatmaps: its series are buckets with the label `le`.
  buckets(expr):: $.query(expr, '{{le}}') { format: 'heatmap' },
}
