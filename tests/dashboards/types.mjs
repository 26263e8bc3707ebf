// Checks the types of rendered dashboards: writes each as a TypeScript constant
// of the type in dashboard.ts, has the compiler look at all of them in one
// program, and says what is wrong by dashboard, panel and field. Nothing is
// written to disk.
//
//     node types.mjs DIR
import ts from 'typescript';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dashboardsIn } from './input.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const options = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dashboards = dashboardsIn(process.argv[2]);
  const problems = typeProblems(dashboards);
  for (const line of problems) console.log(line);
  console.log(`types: ${dashboards.length} dashboards, ${problems.length} problems`);
  process.exit(problems.length || !dashboards.length ? 1 : 0);
}

/** What the compiler says about dashboards ([{ name, json }]), one text each. */
export function typeProblems(dashboards) {
  return check(new Map(dashboards.map((d) => [join(here, d.name + '.ts'), source(d)])));
}

function source({ json }) {
  return `import type { CheckedDashboard } from './dashboard';\nexport const dashboard: CheckedDashboard = ${JSON.stringify(json, null, 1)};\n`;
}

function check(sources) {
  const host = ts.createCompilerHost(options);
  const disk = { getSourceFile: host.getSourceFile, fileExists: host.fileExists, readFile: host.readFile };
  host.fileExists = (f) => sources.has(f) || disk.fileExists(f);
  host.readFile = (f) => sources.get(f) ?? disk.readFile(f);
  host.getSourceFile = (f, version, ...rest) =>
    sources.has(f) ? ts.createSourceFile(f, sources.get(f), version, true) : disk.getSourceFile(f, version, ...rest);
  const program = ts.createProgram([...sources.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(describe);
}

function describe(problem) {
  const text = ts.flattenDiagnosticMessageText(problem.messageText, '\n    ');
  if (!problem.file) return text;
  const name = problem.file.fileName.slice(here.length + 1).replace(/\.ts$/, '');
  return `${name}: ${place(problem.file, problem.start)}: ${text}`;
}

// Where in the JSON a position lies, such as panels[3] "CPU Usage".options.legend.
function place(file, position) {
  const steps = [];
  const visit = (node) => {
    if (position < node.getStart(file) || position >= node.getEnd()) return;
    if (ts.isPropertyAssignment(node)) steps.push('.' + node.name.text);
    if (ts.isArrayLiteralExpression(node)) {
      const i = node.elements.findIndex((e) => position >= e.pos && position < e.end);
      const title = node.elements[i]?.properties?.find((p) => p.name?.text === 'title')?.initializer?.text;
      if (i >= 0) steps.push(title ? `[${i}] "${title}"` : `[${i}]`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return steps.join('').slice(1) || 'dashboard';
}
