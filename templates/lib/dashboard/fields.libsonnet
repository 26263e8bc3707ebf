// How values look: thresholds, mappings, and overrides for single series or
// columns. Used within panels; it knows nothing of panels itself.
{
  // Colours by value: `base` below all steps, then pairs of [from, colour].
  thresholds(base, steps=[]):: {
    mode: 'absolute',
    steps: [{ color: base, value: null }] + [{ value: s[0], color: s[1] } for s in steps],
  },

  // Words instead of numbers: {'0': 'down', '1': 'up'}. Colours likewise.
  valueTexts(texts, colors={}):: {
    type: 'value',
    options: {
      [v]: { text: texts[v], [if std.objectHas(colors, v) then 'color']: colors[v] }
      for v in std.objectFields(texts)
    },
  },

  // What to show where there is no value (null or not a number).
  noValueText(text):: { type: 'special', options: { match: 'null+nan', result: { text: text } } },

  // Settings for the series or columns with this name, matching this regular
  // expression, or coming from the query with this letter. The settings are
  // named as in a panel's field configuration: {unit: 'bytes'},
  // {'custom.fillOpacity': 0}.
  named(name, settings):: override('byName', name, settings),
  matching(regex, settings):: override('byRegexp', '/' + regex + '/', settings),
  fromQuery(refId, settings):: override('byFrameRefID', refId, settings),

  // Settings for often needed looks.
  look:: {
    // One colour, for series that mean the same on every dashboard.
    color(name):: { color: { mode: 'fixed', fixedColor: name } },
    // Drawn below the axis: sent beside received.
    below:: { 'custom.transform': 'negative-Y' },
    // A dashed line beside the areas: a limit that is not part of the stack.
    limit(colorName):: self.color(colorName) {
      'custom.lineStyle': { fill: 'dash', dash: [10, 10] },
      'custom.lineWidth': 2,
      'custom.fillOpacity': 0,
      'custom.stacking': { mode: 'none', group: 'limit' },
    },
    // Read on an axis of its own at the right.
    rightAxis:: { 'custom.axisPlacement': 'right', 'custom.axisSoftMin': 0 },
  },

  local override(matcher, options, settings) = {
    matcher: { id: matcher, options: options },
    properties: [{ id: k, value: settings[k] } for k in std.objectFields(settings)],
  },
}
