// Places panels on Grafana's grid of 24 columns: they flow from left to right
// and wrap where a line is full, as words do. All panels of a line get the
// height of its highest, so that no hole is left under a lower neighbour. It
// deliberately takes no coordinates: where a panel is, follows from its order.
{
  // Rows and panels as one list: the panels of an open row follow it, those of
  // a collapsed row stay within it, as Grafana stores them.
  flatten(panels):: std.flatMap(
    function(p) if p.type == 'row' && !p.collapsed then [p { panels: [] }] + p.panels else [p],
    panels
  ),

  // Gives each panel its place and its id.
  place(panels, top=0, firstId=1)::
    std.foldl(placeLine, lines(panels), { y: top, id: firstId, out: [] }).out,

  local width = 24,

  // Panels by line. A panel that does not fit into the rest begins a new one.
  local lines(panels) =
    local end = std.foldl(
      function(s, p)
        if s.x + p.gridPos.w > width
        then { done: s.done + [s.line], line: [p], x: p.gridPos.w }
        else { done: s.done, line: s.line + [p], x: s.x + p.gridPos.w },
      panels,
      { done: [], line: [], x: 0 }
    );
    if end.line == [] then end.done else end.done + [end.line],

  local placeLine(s, line) =
    local h = std.foldl(function(m, p) if p.gridPos.h > m then p.gridPos.h else m, line, 0);
    local placed = std.foldl(
      function(t, p) {
        x: t.x + p.gridPos.w,
        id: t.id + 1 + inner(p),
        out: t.out + [p {
          id: t.id,
          gridPos: { x: t.x, y: s.y, w: p.gridPos.w, h: h },
          [if inner(p) > 0 then 'panels']: $.place(p.panels, s.y + 1, t.id + 1),
        }],
      },
      line,
      { x: 0, id: s.id, out: [] }
    );
    { y: s.y + h, id: placed.id, out: s.out + placed.out },

  // How many panels a collapsed row holds.
  local inner(p) = if p.type == 'row' then std.length(p.panels) else 0,
}
