// The panels. All take title, unit, description and queries in this order, and
// options by name; the unit is one of Grafana's unit ids ('bytes', 'ops',
// 'percentunit', 'short' for plain counts). `w` and `h` are sizes on the grid.
// Options of Grafana that are not here have one value for all panels.
{
  timeseries(
    title,
    unit,
    description,
    queries,
    w=12,
    h=7,
    // True adds the series up to an area, for parts of a whole.
    stack=false,
    fill=if stack then 40 else 10,
    lineWidth=1,
    // 'table' (names and last values), 'list' (names) or 'hidden'. A table
    // stands at the right, where the panel is wide enough for it.
    legend=if w > 12 then 'table' else 'list',
    min=null,
    max=null,
    decimals=null,
    axisLabel=null,
    thresholds=null,
    mappings=null,
    links=null,
    overrides=[],
    repeat=null
  )::
    base('timeseries', title, unit, description, queries, w, h, min, max, decimals, thresholds, mappings, links, overrides, repeat) {
      fieldConfig+: { defaults+: {
        color: { mode: 'palette-classic' },
        custom: {
          drawStyle: 'line',
          lineWidth: lineWidth,
          fillOpacity: fill,
          showPoints: 'never',
          spanNulls: false,
          stacking: { mode: if stack then 'normal' else 'none', group: 'A' },
          [if axisLabel != null then 'axisLabel']: axisLabel,
        },
      } },
      options: {
        legend: legends[legend],
        tooltip: { mode: 'multi', sort: 'desc' },
      },
    },

  // One number, or one a series.
  stat(
    title,
    unit,
    description,
    queries,
    w=4,
    h=3,
    // 'none', 'value' or 'background': what the thresholds colour.
    color='none',
    sparkline=false,
    // How the points become one value.
    reduce='lastNotNull',
    // 'auto' names values only where there are several.
    text='auto',
    min=null,
    max=null,
    decimals=null,
    thresholds=null,
    mappings=null,
    links=null,
    overrides=[],
    repeat=null
  )::
    base('stat', title, unit, description, queries, w, h, min, max, decimals, thresholds, mappings, links, overrides, repeat) {
      fieldConfig+: { defaults+: { color: { mode: 'thresholds' } } },
      options: {
        colorMode: color,
        graphMode: if sparkline then 'area' else 'none',
        justifyMode: 'auto',
        orientation: 'auto',
        percentChangeColorMode: 'standard',
        reduceOptions: reduceTo(reduce),
        showPercentChange: false,
        textMode: text,
        wideLayout: true,
      },
    },

  // A value between two ends; give them, or the arc means nothing.
  gauge(title, unit, description, queries, min, max, w=6, h=7, thresholds=null, decimals=null, reduce='lastNotNull', mappings=null, links=null, overrides=[], repeat=null)::
    base('gauge', title, unit, description, queries, w, h, min, max, decimals, thresholds, mappings, links, overrides, repeat) {
      fieldConfig+: { defaults+: { color: { mode: 'thresholds' } } },
      options: {
        barShape: 'flat',
        barWidthFactor: 0.5,
        effects: { barGlow: false, centerGlow: false, gradient: false },
        minVizHeight: 75,
        minVizWidth: 75,
        orientation: 'auto',
        reduceOptions: reduceTo(reduce),
        segmentCount: 1,
        segmentSpacing: 0.3,
        shape: 'gauge',
        showThresholdLabels: false,
        showThresholdMarkers: true,
        sizing: 'auto',
      },
    },

  // One bar a series, for comparing many at one moment.
  bargauge(title, unit, description, queries, w=12, h=9, min=0, max=null, decimals=null, color='green', thresholds=null, reduce='lastNotNull', mappings=null, links=null, overrides=[], repeat=null)::
    base('bargauge', title, unit, description, queries, w, h, min, max, decimals, thresholds, mappings, links, overrides, repeat) {
      fieldConfig+: { defaults+: {
        color: if thresholds == null then { mode: 'fixed', fixedColor: color } else { mode: 'thresholds' },
      } },
      options: {
        displayMode: 'basic',
        legend: legends.hidden,
        maxVizHeight: 300,
        minVizHeight: 16,
        minVizWidth: 8,
        namePlacement: 'auto',
        orientation: 'horizontal',
        reduceOptions: reduceTo(reduce),
        showUnfilled: false,
        sizing: 'auto',
        valueMode: 'color',
      },
    },

  // Buckets of a histogram over time; the queries come from `buckets`, the unit
  // is that of the bucket bounds.
  heatmap(title, unit, description, queries, w=12, h=7)::
    base('heatmap', title, unit, description, queries, w, h) {
      fieldConfig+: { defaults+: { custom: { scaleDistribution: { type: 'linear' } } } },
      options: {
        calculate: false,
        cellGap: 1,
        color: { mode: 'scheme', scheme: 'Oranges', fill: 'dark-orange', scale: 'exponential', exponent: 0.5, steps: 64, reverse: false },
        exemplars: { color: 'rgba(255,0,255,0.7)' },
        filterValues: { le: 1e-9 },
        legend: { show: true },
        rowsFrame: { layout: 'auto' },
        showValue: 'never',
        tooltip: { mode: 'single', yHistogram: false, showColorScale: false },
        yAxis: { axisPlacement: 'left', unit: unit, reverse: false },
      },
    },

  // A note in Markdown.
  text(content, description, title='', w=24, h=2):: {
    type: 'text',
    title: title,
    description: description,
    gridPos: { w: w, h: h },
    options: { mode: 'markdown', content: content },
  },

  // What all panels with queries share; tables are made of it too.
  panelBase:: base,

  local base(type, title, unit, description, queries, w, h, min=null, max=null, decimals=null, thresholds=null, mappings=null, links=null, overrides=[], repeat=null) = {
    type: type,
    title: title,
    description: description,
    datasource: { type: 'prometheus', uid: '${datasource}' },
    gridPos: { w: w, h: h },
    targets: std.mapWithIndex(function(i, q) q { refId: letters[i] }, queries),
    fieldConfig: {
      defaults: {
        unit: unit,
        [if min != null then 'min']: min,
        [if max != null then 'max']: max,
        [if decimals != null then 'decimals']: decimals,
        [if thresholds != null then 'thresholds']: thresholds,
        [if mappings != null then 'mappings']: mappings,
        [if links != null then 'links']: links,
      },
      overrides: overrides,
    },
    [if repeat != null then 'repeat']: repeat,
    // Copies stand below each other: the panels beside this one can repeat too.
    [if repeat != null then 'repeatDirection']: 'v',
  },

  local letters = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z'],

  local reduceTo(calc) = { calcs: [calc], fields: '', values: false },

  local legends = {
    table: { displayMode: 'table', placement: 'right', showLegend: true, calcs: ['lastNotNull'] },
    list: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
    hidden: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
  },
}
