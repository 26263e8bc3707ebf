// Reads the dashboards of a folder: *.json as they are, or the data of
// ConfigMaps in *.yaml (which kpbuild writes with the dashboard as one block or
// one string). Anything else in the folder is left alone.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** All dashboards of a folder: [{ name, json }], by name. */
export function dashboardsIn(dir) {
  return readdirSync(dir)
    .sort()
    .flatMap((file) => read(join(dir, file)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function read(path) {
  const name = basename(path);
  if (name.endsWith('.json') && !/^\s*\{\s*"apiVersion"/.test(readFileSync(path, 'utf8'))) {
    return [{ name, json: JSON.parse(readFileSync(path, 'utf8')) }];
  }
  if (!/\.(ya?ml|json)$/.test(name)) return [];
  return fromConfigMap(readFileSync(path, 'utf8'));
}

function fromConfigMap(text) {
  if (!/kind"?: "?ConfigMap/.test(text)) return [];
  if (text.trimStart().startsWith('{')) return entries(JSON.parse(text).data ?? {});
  return entries(blocks(text));
}

const entries = (data) =>
  Object.entries(data)
    .filter(([name]) => name.endsWith('.json'))
    .map(([name, text]) => ({ name, json: JSON.parse(text) }));

// The entries `  name.json: |-` with their indented lines, or `  name.json: "..."`.
function blocks(text) {
  const found = {};
  let name;
  for (const line of text.split('\n')) {
    const head = /^ {2}"?([\w.-]+\.json)"?: (.*)$/.exec(line);
    if (head) {
      name = head[1];
      found[name] = head[2].startsWith('|') ? '' : scalar(head[2]);
      if (!head[2].startsWith('|')) name = undefined;
    } else if (name && (line.startsWith('    ') || line === '')) {
      found[name] += line.slice(4) + '\n';
    } else {
      name = undefined;
    }
  }
  return found;
}

const scalar = (text) => (text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text.startsWith('"') ? JSON.parse(text) : text);
