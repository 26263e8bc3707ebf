{
  local board = { schemaVersion: 20, uid: '', panels: [], templating: { list: [{ name: 'unused', type: 'custom', query: 'a' }] } },
  grafanaDashboards+:: {
    'a.json': board { title: 'A' },
    'b.json': board { title: 'B' },
    'c.json': board { title: 'A' },
    'd.json': board,
  },
}
