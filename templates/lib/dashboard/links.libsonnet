// Links from one dashboard to another. They name the target by its uid, which
// stays the same when a dashboard is renamed, and carry the data source, the
// time range and the variables along.
{
  // A link on a value or a column. `keep` are variables handed on as they are;
  // `fields` are variables of the target that take the value of a column in
  // the same row, by its shown name; `labels` take a label of the series.
  // `prefix` comes before the path where Grafana serves a sub-path.
  drilldown(title, uid, keep=[], fields={}, labels={}, prefix='', newTab=false):: {
    title: title,
    targetBlank: newTab,
    url: std.join('&', [
      prefix + '/d/' + uid + '?${datasource:queryparam}',
    ] + [
      '${%s:queryparam}' % v
      for v in keep
    ] + [
      'var-%s=${__data.fields.%s}' % [v, fields[v]]
      for v in std.objectFields(fields)
    ] + [
      'var-%s=${__field.labels.%s}' % [v, labels[v]]
      for v in std.objectFields(labels)
    ] + ['${__url_time_range}']),
  },

  // A menu at the top of a dashboard with all dashboards that carry the tags.
  dashboardsTagged(title, tags):: {
    type: 'dashboards',
    title: title,
    tags: tags,
    icon: 'external link',
    tooltip: 'Other dashboards of this set, for the same time and variables.',
    url: '',
    asDropdown: true,
    includeVars: true,
    keepTime: true,
    targetBlank: false,
  },

  // A link at the top of a dashboard to one other page.
  pageLink(title, url, tooltip):: $.dashboardsTagged(title, []) {
    type: 'link',
    url: url,
    tooltip: tooltip,
    asDropdown: false,
  },
}
