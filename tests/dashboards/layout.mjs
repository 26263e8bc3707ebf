// Draws the layout of rendered dashboards as text, five characters a column and
// one line a unit of height, and finds what spoils it: panels that overlap or
// leave the grid, ids used twice, and holes, that is free cells in a line of
// panels. Titles that do not fit into their panel are shown cut. It does not
// know what is in the panels.
//
//     node layout.mjs DIR [name ...]      draws
//     node layout.mjs --check DIR         only says what is wrong
import { fileURLToPath } from 'node:url';
import { dashboardsIn } from './input.mjs';

const WIDTH = 24;
const COLUMN = 5; // characters a column of the grid

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const quiet = args[0] === '--check';
  const [dir, ...names] = quiet ? args.slice(1) : args;
  process.exit(main(dir, names, quiet));
}

function main(dir, names, quiet) {
  const dashboards = dashboardsIn(dir).filter((d) => !names.length || names.includes(d.name.replace(/\.json$/, '')));
  let problems = 0;
  for (const { name, json } of dashboards) {
    const found = layoutProblems(json.panels);
    problems += found.length;
    if (!quiet) console.log(`\n== ${name}: ${json.title} (${json.panels.length} panels)\n${draw(json.panels)}`);
    for (const problem of found) console.log(`${name}: ${problem}`);
  }
  console.log(`layout: ${dashboards.length} dashboards, ${problems} problems`);
  return problems || !dashboards.length ? 1 : 0;
}

/** What is wrong with the places of panels, in words. */
export function layoutProblems(panels) {
  const all = panels.flatMap((p) => [p, ...(p.panels ?? [])]);
  const out = [];
  const cells = new Map();
  const ids = new Map();
  for (const p of all) {
    if (ids.has(p.id)) out.push(`panels "${ids.get(p.id)}" and "${p.title}" share the id ${p.id}`);
    ids.set(p.id, p.title);
  }
  for (const p of panels) {
    const { x, y, w, h } = p.gridPos;
    if (x < 0 || y < 0 || w < 1 || h < 1 || x + w > WIDTH) out.push(`panel "${p.title}" leaves the grid`);
    for (let cy = y; cy < y + h; cy++)
      for (let cx = x; cx < x + w; cx++) {
        const other = cells.get(cy * WIDTH + cx);
        if (other && !out.some((o) => o.includes(`"${other.title}" and "${p.title}" overlap`)))
          out.push(`panels "${other.title}" and "${p.title}" overlap`);
        cells.set(cy * WIDTH + cx, p);
      }
  }
  return [...out, ...holes(panels, cells)];
}

function holes(panels, cells) {
  const height = Math.max(0, ...panels.map((p) => p.gridPos.y + p.gridPos.h));
  const out = [];
  for (let y = 0; y < height; y++) {
    const free = [...Array(WIDTH).keys()].filter((x) => !cells.has(y * WIDTH + x)).length;
    const above = y > 0 && [...Array(WIDTH).keys()].filter((x) => !cells.has((y - 1) * WIDTH + x)).length;
    if (free && free !== above) out.push(`${free} of ${WIDTH} columns are free from line ${y} on`);
  }
  return out;
}

function draw(panels) {
  const height = Math.max(0, ...panels.map((p) => p.gridPos.y + p.gridPos.h));
  const canvas = [...Array(height)].map(() => Array(WIDTH * COLUMN + 1).fill(' '));
  for (const p of panels) {
    const { x, y, w, h } = p.gridPos;
    const left = x * COLUMN;
    const right = (x + w) * COLUMN - 1;
    const write = (line, text) => [...text].slice(0, right - left - 1).forEach((c, i) => (canvas[line][left + 1 + i] = c));
    for (let line = y; line < y + h; line++) {
      canvas[line][left] = '|';
      canvas[line][right] = '|';
    }
    if (p.type === 'row') {
      canvas[y].fill('=', left, right + 1);
      write(y, `= ${p.title} `);
      continue;
    }
    canvas[y].fill('-', left + 1, right);
    write(y, ` ${p.title} `);
    if (h > 1) write(y + 1, ` ${p.type}, ${p.fieldConfig?.defaults?.unit ?? ''}, ${p.targets?.length ?? 0} q`);
    if (h > 2) write(y + 2, ` ${w}x${h}${p.options?.legend?.showLegend ? ', legend ' + p.options.legend.placement : ''}`);
  }
  return canvas.map((line) => line.join('').trimEnd()).join('\n');
}
