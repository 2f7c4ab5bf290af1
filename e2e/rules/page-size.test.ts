/** The first view needs little script, because the page runs it all before it shows anything. How long that takes, no test checks. */
import { expect, test, vi } from 'vitest';
import { rendererConfig } from '../../electron.vite.config.ts';

/** Before compression. The server on this computer does not compress. */
const limitKilobytes = 700;

/** The views that a window may show first. The others are loaded when they are opened. */
const firstViews = [
  'FarmView',
  'FirstStart',
  'BuildsView',
  'ImagesView',
  'ConnectionsView',
  'SettingsView',
  'BuildView',
];

test('the script of each view that may be the first is below the limit', async () => {
  // the bundler takes the development versions of libraries otherwise
  vi.stubEnv('NODE_ENV', 'production');
  const { build } = await import('vite');
  const bundle = await build({
    ...rendererConfig,
    configFile: false,
    logLevel: 'error',
    mode: 'production',
    build: { ...rendererConfig.build, write: false },
  });
  vi.unstubAllEnvs();
  const output = 'output' in bundle ? bundle.output : [];
  const chunks = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])));
  const html = output.find(({ fileName }) => fileName === 'index.html');
  const start = [...String(html?.type === 'asset' ? html.source : '').matchAll(/src="\/(assets\/[^"]+\.js)"/g)];
  const withImports = (names: readonly string[], found = new Set<string>()): Set<string> => {
    for (const name of names.filter((each) => !found.has(each))) {
      found.add(name);
      withImports(chunks.get(name)?.imports ?? [], found);
    }
    return found;
  };
  const sizes = firstViews.map((view) => {
    const entry = [...chunks.values()].find(({ name, isDynamicEntry }) => name === view && isDynamicEntry);
    const needed = withImports([...start.map(([, name = '']) => name), entry?.fileName ?? 'missing']);
    const bytes = [...needed].reduce((sum, name) => sum + (chunks.get(name)?.code.length ?? Number.NaN), 0);
    return { view, kilobytes: Math.round(bytes / 1000) };
  });
  expect(start.length).toBeGreaterThan(0);
  expect(sizes.filter(({ kilobytes }) => !(kilobytes <= limitKilobytes))).toEqual([]);
  // the page checks nothing with zod, which would be a tenth of it
  const parsers = [...chunks.values()].filter(({ moduleIds }) =>
    moduleIds.some((id) => id.includes('/node_modules/zod/')),
  );
  expect(parsers.map(({ fileName }) => fileName)).toEqual([]);
});
