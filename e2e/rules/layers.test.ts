/** Imports go down the layers, in no circle, and production code imports no test helper. Imports of types count, too. */
import { expect, test } from 'vitest';
import { listFiles, readSource } from './source.ts';

/** The layers of `electron/`, from top to bottom. A file imports from its own folder and from lower layers; neighbours know nothing of each other. */
const layers: readonly (readonly string[])[] = [
  ['main.ts', 'preload.ts', 'browser.ts'],
  // the packaged app runs commands, too
  ['cli.ts'],
  ['desktop', 'browser', 'terminal'],
  ['attach'],
  ['page'],
  ['routes.ts'],
  ['app.ts'],
  ['handlers.ts', 'node-access.ts'],
  ['automation'],
  ['housekeeping', 'monitoring'],
  ['builds'],
  ['outputs'],
  ['linuxkit'],
  ['scheduling'],
  ['nodes'],
  ['farms'],
  ['comparison'],
  ['attestations'],
  ['projects', 'recipes', 'registry'],
  ['connections'],
  ['engines', 'sources'],
  ['context', 'images', 'settings', 'ssh'],
  ['questions.ts'],
  ['events.ts'],
  ['system'],
];

/** The layers of `renderer/`, in the same manner. */
const rendererLayers: readonly (readonly string[])[] = [
  ['main.tsx', 'testing'],
  ['app.tsx'],
  ['frame'],
  ['views'],
  ['shortcuts.ts'],
  ['commands.ts'],
  ['parts'],
  ['stores'],
  ['api.ts'],
  ['transport'],
];

const sources = listFiles('.ts', '.tsx').map(readSource);
const isTest = (path: string): boolean => /\.test\.tsx?$|(^|\/)testing\//.test(path);
const isOwn = (imported: string): boolean => /^(shared|electron|renderer|e2e)\/.*\.tsx?$/.test(imported);

/** Where a file stands: the top folder, the folder or file in that, and how deep its layer lies; -1 where it has none. */
function layerOf(path: string): { readonly top: string; readonly name: string; readonly depth: number } {
  const [top = '', name = ''] = path.split('/');
  const table = top === 'electron' ? layers : top === 'renderer' ? rendererLayers : [];
  return { top, name, depth: table.findIndex((row) => row.includes(name)) };
}

function isDownward(path: string, imported: string): boolean {
  const from = layerOf(path);
  const to = layerOf(imported);
  if (from.top === to.top) {
    return from.top === 'shared' || from.name === to.name || from.depth < to.depth;
  }
  return to.top === 'shared';
}

const production = sources.filter(({ path }) => /^(shared|electron|renderer)\//.test(path) && !isTest(path));

test('every folder and file of electron/ and renderer/ has a layer', () => {
  const withLayers = production.filter(({ path }) => !path.startsWith('shared/') && !path.endsWith('.d.ts'));
  expect(withLayers.map(({ path }) => path).filter((path) => layerOf(path).depth < 0)).toEqual([]);
});

test('imports go down the layers only', () => {
  const wrong = production.flatMap(({ path, imports }) =>
    imports
      .filter((imported) => isOwn(imported) && !isDownward(path, imported))
      .map((imported) => `${path} imports ${imported}`),
  );
  expect(wrong).toEqual([]);
});

test('each part imports only the platform that it runs on', () => {
  const isForbidden = (path: string, imported: string): boolean => {
    const { top, name } = layerOf(path);
    const knowsElectron = top === 'electron' && ['main.ts', 'preload.ts', 'desktop'].includes(name);
    return (
      (imported.startsWith('node:') && top !== 'electron') ||
      (/^electron(-log.*)?$/.test(imported) && !knowsElectron) ||
      (/^(react|react-dom)(\/.*)?$/.test(imported) && top !== 'renderer')
    );
  };
  const wrong = production.flatMap(({ path, imports }) =>
    imports.filter((imported) => isForbidden(path, imported)).map((imported) => `${path} imports ${imported}`),
  );
  expect(wrong).toEqual([]);
});

test('production code imports no test helper', () => {
  const wrong = production.flatMap(({ path, imports }) =>
    imports.filter(isTest).map((imported) => `${path} imports ${imported}`),
  );
  expect(wrong).toEqual([]);
});

test('there is no circle of imports, not even of types', () => {
  const importsOf = new Map(sources.map(({ path, imports }) => [path, imports]));
  const state = new Map<string, 'open' | 'done'>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'open') {
      circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      return;
    }
    if (state.has(path)) {
      return;
    }
    state.set(path, 'open');
    for (const imported of importsOf.get(path) ?? []) {
      visit(imported, [...trail, path]);
    }
    state.set(path, 'done');
  };
  for (const { path } of sources) {
    visit(path, []);
  }
  expect(circles).toEqual([]);
});
