// Shows that the checks of this folder find what they are for: each case takes
// a dashboard that is right and breaks one thing.
//
//     node --test
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layoutProblems } from './layout.mjs';
import { typeProblems } from './types.mjs';

const datasource = { type: 'prometheus', uid: '${datasource}' };
const target = { refId: 'A', expr: 'up', legendFormat: '__auto', range: true, instant: false, datasource };

const right = () => ({
  title: 'T',
  uid: 't',
  description: 'D.',
  tags: [],
  schemaVersion: 42,
  graphTooltip: 1,
  links: [],
  templating: {
    list: [{ name: 'job', label: 'job', type: 'query', query: { query: 'label_values(up, job)', refId: 'A' }, hide: 0, refresh: 2 }],
  },
  panels: [
    {
      type: 'timeseries',
      id: 1,
      title: 'Graph',
      description: 'D.',
      datasource,
      gridPos: { x: 0, y: 0, w: 12, h: 7 },
      targets: [target],
      fieldConfig: { defaults: { unit: 'short', custom: { fillOpacity: 10, stacking: { mode: 'normal', group: 'A' } } }, overrides: [] },
      options: {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
    },
    {
      type: 'table',
      id: 2,
      title: 'Table',
      description: 'D.',
      datasource,
      gridPos: { x: 12, y: 0, w: 12, h: 7 },
      targets: [{ ...target, format: 'table' }],
      fieldConfig: {
        defaults: { unit: 'short', custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false } },
        overrides: [{ matcher: { id: 'byName', options: 'A' }, properties: [{ id: 'unit', value: 'bps' }] }],
      },
      options: { cellHeight: 'sm', frameIndex: 0, showHeader: true },
      transformations: [{ id: 'merge', options: {} }],
    },
  ],
});

const broken = {
  'refreshh': (d) => (d.refreshh = '1m'),
  'schemaVersion': (d) => (d.schemaVersion = 39),
  'graphTooltip': (d) => (d.graphTooltip = '1'),
  'templating.list[0].hide': (d) => (d.templating.list[0].hide = 9),
  'panels[0] "Graph".type': (d) => (d.panels[0].type = 'graph'),
  'panels[0] "Graph".options.legnd': (d) => (d.panels[0].options.legnd = {}),
  'panels[0] "Graph".options.legend.displayMode': (d) => (d.panels[0].options.legend.displayMode = 'tabel'),
  'panels[0] "Graph".options.legend': (d) => delete d.panels[0].options.legend.calcs,
  'panels[0] "Graph".fieldConfig.defaults.custom.fillOpcity': (d) => (d.panels[0].fieldConfig.defaults.custom.fillOpcity = 1),
  'panels[0] "Graph".fieldConfig.defaults.custom.stacking.mode': (d) => (d.panels[0].fieldConfig.defaults.custom.stacking.mode = 'on'),
  'panels[0] "Graph".fieldConfig.defaults': (d) => delete d.panels[0].fieldConfig.defaults.unit,
  'panels[0] "Graph"': (d) => delete d.panels[0].description,
  'panels[0] "Graph".targets[0].legend': (d) => (d.panels[0].targets[0] = { ...target, legend: 'x' }),
  'panels[1] "Table".fieldConfig.overrides[0].properties[0].id': (d) => (d.panels[1].fieldConfig.overrides[0].properties[0].id = 'units'),
  'panels[1] "Table".fieldConfig.overrides[0].properties[0]': (d) => (d.panels[1].fieldConfig.overrides[0].properties[0].value = 3),
  'panels[1] "Table".fieldConfig.defaults.custom.cellOptions.type': (d) => (d.panels[1].fieldConfig.defaults.custom.cellOptions.type = 'guage'),
  'panels[1] "Table".transformations[0].id': (d) => (d.panels[1].transformations[0].id = 'mrge'),
};

test('a dashboard that is right has no problems', () => {
  assert.deepEqual(typeProblems([{ name: 'right.json', json: right() }]), []);
  assert.deepEqual(layoutProblems(right().panels), []);
});

test('each break of a type is found where it is', () => {
  const places = Object.keys(broken);
  const dashboards = places.map((place, i) => {
    const json = right();
    broken[place](json);
    return { name: `broken-${i}.json`, json };
  });
  const problems = typeProblems(dashboards);
  places.forEach((place, i) => {
    const prefix = `broken-${i}.json: ${place}: `;
    assert.ok(problems.some((p) => p.startsWith(prefix)), `nothing was said about ${place}`);
  });
});

test('overlaps, holes, edges and double ids are found', () => {
  const cases = {
    overlap: (p) => (p[1].gridPos.x = 6),
    free: (p) => (p[1].gridPos.w = 6),
    leaves: (p) => (p[1].gridPos.w = 13),
    share: (p) => (p[1].id = 1),
  };
  for (const [word, breakIt] of Object.entries(cases)) {
    const { panels } = right();
    breakIt(panels);
    assert.ok(layoutProblems(panels).some((p) => p.includes(word)), word);
  }
});
