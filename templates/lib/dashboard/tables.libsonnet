// Tables: what identifies a row, then one column a query. The joining, naming,
// ordering and hiding of fields follows from that; no dashboard writes
// transformations. Deliberately without arithmetic between columns: PromQL
// does that.
local fields = import 'fields.libsonnet';
local panels = import 'panels.libsonnet';

{
  // `by` are the labels that identify a row, `columns` what is known about it.
  // `hide` names further labels of the results that nobody wants to see.
  // `sortBy` is the shown name of a column.
  table(title, unit, description, by, columns, w=24, h=7, hide=[], sortBy=null, descending=false, thresholds=null)::
    local shown = by + [c for c in columns if c.name != null];
    panels.panelBase('table', title, unit, description, [cell(c.expr) for c in columns], w, h, thresholds=thresholds) {
      fieldConfig+: {
        defaults+: { custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false } },
        overrides: [fields.named(c.name, c.settings) for c in shown if c.settings != {}],
      },
      options: {
        cellHeight: 'sm',
        frameIndex: 0,
        showHeader: true,
        [if sortBy != null then 'sortBy']: [{ displayName: sortBy, desc: descending }],
      },
      transformations: [join(by), organize(by, columns, hide)],
    },

  // A label in the first columns: its name in the series and on screen. Where
  // all series may lack it (cluster), `optional` keeps their row.
  rowLabel(labelName, name, links=null, width=null, optional=false):: {
    label: labelName,
    name: name,
    optional: optional,
    settings: {
      [if links != null then 'links']: links,
      [if width != null then 'custom.width']: width,
    },
  },

  // A column: the values of an instant query. `bar` draws shares as bars from 0
  // to 1. Without a name the query only adds its labels to the row.
  column(name, expr, unit=null, decimals=null, bar=false, width=null, links=null, settings={}):: {
    name: name,
    expr: expr,
    settings: {
      [if unit != null then 'unit']: unit,
      [if decimals != null then 'decimals']: decimals,
      [if width != null then 'custom.width']: width,
      [if links != null then 'links']: links,
    } + (if bar then { 'custom.cellOptions': { type: 'gauge', mode: 'basic' }, min: 0, max: 1 } else {}) + settings,
  },

  local cell(expr) = {
    expr: std.trim(expr),
    format: 'table',
    range: false,
    instant: true,
    datasource: { type: 'prometheus', uid: '${datasource}' },
  },

  // Rows of all queries that agree in the label, or in all labels, become one.
  // A join by a field drops results without the field.
  local join(by) =
    if std.length(by) == 1 && !by[0].optional
    then { id: 'joinByField', options: { byField: by[0].label, mode: 'outer' } }
    else { id: 'merge', options: {} },

  local organize(by, columns, hide) = {
    id: 'organize',
    options: {
      excludeByName:
        { [l]: true for l in hide } +
        { Time: true } +
        // A join numbers the fields that occur in several results.
        { ['Time %d' % (i + 1)]: true for i in std.range(0, std.length(columns) - 1) } +
        { [valueField(columns, i)]: true for i in std.range(0, std.length(columns) - 1) if columns[i].name == null },
      indexByName:
        { [by[i].label]: i for i in std.range(0, std.length(by) - 1) } +
        { [valueField(columns, i)]: i + std.length(by) for i in std.range(0, std.length(columns) - 1) },
      renameByName:
        { [l.label]: l.name for l in by } +
        { [valueField(columns, i)]: columns[i].name for i in std.range(0, std.length(columns) - 1) if columns[i].name != null },
    },
  },

  // The data source numbers the values only where there are several queries.
  local valueField(columns, i) =
    if std.length(columns) == 1 then 'Value' else 'Value #' + std.char(65 + i),
}
