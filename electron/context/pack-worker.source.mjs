/** Runs the thread from its sources, in development and tests. esbuild comes with tsx, whose own loader starts more slowly. */
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('pack-worker.ts', import.meta.url))],
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
  sourcemap: 'inline',
});
// its process would keep the thread running
await stop();
for (const { contents } of outputFiles) {
  await import(`data:text/javascript;base64,${Buffer.from(contents).toString('base64')}`);
}
