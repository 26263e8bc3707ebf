// In the style of the libraries that draw dashboards: objects that are added to.
{
  dashboard(title, uid)::
    {
      title: title,
      uid: uid,
      schemaVersion: 14,
      panels: [],
      templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' }] },
      _next:: { x: 0, y: 0, id: 1 },

      addPanel(panel, w=12, h=7)::
        local at = self._next;
        local wraps = at.x + w > 24;
        local place = if wraps then at { x: 0, y+: h } else at;
        self {
          panels+: [panel { id: place.id, gridPos: { x: place.x, y: place.y, w: w, h: h } }],
          _next:: { x: place.x + w, y: place.y, id: place.id + 1 },
        },
    },
  graph(title):: {
    title: title,
    type: 'timeseries',
    datasource: { type: 'prometheus', uid: '$datasource' },
    targets: [],
    query(expr, legend='')::
      local letter = std.char(65 + std.length(self.targets));
      self { targets+: [{ expr: expr, legendFormat: legend, refId: letter }] },
  },
}
