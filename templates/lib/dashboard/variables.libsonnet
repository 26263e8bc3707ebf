// Template variables of a dashboard. Each lists the values of one label, so
// that a dashboard never offers a choice without data. Deliberately no default
// values: what exists in a cluster decides.
{
  variable:: {
    // Which Prometheus to ask; every other variable and every query uses it.
    // `regex` restricts the names of the data sources on offer.
    datasource(regex=''):: {
      name: 'datasource',
      label: 'Data source',
      description: 'The Prometheus that answers all queries of this dashboard.',
      type: 'datasource',
      query: 'prometheus',
      regex: regex,
      current: { text: 'default', value: 'default' },
      hide: 0,
      multi: false,
      includeAll: false,
      options: [],
      refresh: 1,
      skipUrlSync: false,
    },

    // The values that `labelName` has on `metric` (a selector; it may use the
    // variables before it). `all` offers All, which stands for the regular
    // expression `allValue`, or for the list of values where that is null; then
    // queries must match with =~, as they must for `multi`.
    label(name, metric, labelName=name, label=name, multi=false, all=false, allValue=null, hide=false):: {
      name: name,
      label: label,
      type: 'query',
      datasource: { type: 'prometheus', uid: '${datasource}' },
      query: { query: 'label_values(%s, %s)' % [metric, labelName], refId: 'variable-' + name },
      // Asked again when the time range changes: pods come and go.
      refresh: 2,
      regex: '',
      sort: 1,
      hide: if hide then 2 else 0,
      multi: multi,
      includeAll: all,
      options: [],
      skipUrlSync: false,
      [if all && allValue != null then 'allValue']: allValue,
      [if all then 'current']: if multi then { text: ['All'], value: ['$__all'] } else { text: 'All', value: '$__all' },
    },

    // A fixed choice; the first value is the default.
    custom(name, values, label=name):: {
      name: name,
      label: label,
      type: 'custom',
      query: std.join(',', values),
      current: { text: values[0], value: values[0] },
      hide: 0,
      multi: false,
      includeAll: false,
      options: [{ text: v, value: v, selected: v == values[0] } for v in values],
      skipUrlSync: false,
    },

    // A choice of windows for rates, as Prometheus durations.
    interval(name, values, label=name):: $.variable.custom(name, values, label) {
      type: 'interval',
      refresh: 2,
    },

    // The cluster. Hidden where one Prometheus sees a single cluster: there
    // the label is absent, and the empty value matches just that.
    cluster(config, metric, all=false, allValue=null)::
      self.label(
        'cluster',
        metric,
        config.clusterLabel,
        all=all,
        allValue=allValue,
        hide=!config.showMultiCluster
      ),
  },
}
