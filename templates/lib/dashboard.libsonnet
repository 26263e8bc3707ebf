// Writes Grafana dashboards: the one file that a dashboard imports
// (`local d = import 'lib/dashboard.libsonnet'`). README.md beside it has an
// example and the vocabulary. It deliberately knows nothing of any mixin, and
// it offers only what the dashboards here use, in one shape: a consistent look
// is worth more than every option of Grafana.
local grid = import 'dashboard/grid.libsonnet';

(import 'dashboard/variables.libsonnet') +
(import 'dashboard/queries.libsonnet') +
(import 'dashboard/fields.libsonnet') +
(import 'dashboard/links.libsonnet') +
(import 'dashboard/panels.libsonnet') +
(import 'dashboard/tables.libsonnet') +
{
  // One dashboard. `panels` is a list of panels and rows in reading order;
  // their places and ids follow from it. `minStep` is the smallest distance
  // between two points of a graph, best twice the scrape interval.
  dashboard(title, uid, description, variables, panels, tags=[], links=[], from='now-1h', refresh='30s', timezone='utc', minStep=null)::
    {
      title: title,
      uid: uid,
      description: description,
      tags: tags,
      // The version that Grafana 13 writes: it has nothing to migrate.
      schemaVersion: 42,
      // Provisioned from files: a change made in the browser would be lost.
      editable: false,
      graphTooltip: 1,
      time: { from: from, to: 'now' },
      timezone: timezone,
      refresh: refresh,
      links: links,
      templating: { list: variables },
      panels: grid.place([
        if minStep == null || !std.objectHas(p, 'targets') then p else { interval: minStep } + p
        for p in grid.flatten(panels)
      ]),
    },

  // A heading over the panels that follow. Collapsed, they are loaded only when
  // somebody opens the row.
  row(title, panels, collapsed=false):: {
    type: 'row',
    title: title,
    collapsed: collapsed,
    panels: panels,
    gridPos: { w: 24, h: 1 },
  },
}
