/**
 * Runs the desktop specs on Electron's runtime. Skips them with a message if the runtime or a display is missing, except in
 * continuous integration, which provides both.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { electronSpecs, findMissingRequirement } from './electron-runtime.ts';

const root = resolve(import.meta.dirname, '..');
const missing = findMissingRequirement();

if (missing !== undefined) {
  console.log(`\n*** skipped: ${missing}. \`npm run test:e2e\` runs the same specs on a stand-in. ***\n`);
  console.log('0 passed, 0 failed, 1 skipped');
  process.exitCode = process.env.CI ? 1 : 0;
} else {
  const vitest = resolve(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--project', 'e2e', ...electronSpecs], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, BARNRAISER_TEST_RUNTIME: 'electron' },
  });
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
