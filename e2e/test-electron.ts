/** Runs the specs of the desktop door on Electron's own runtime. Where that is not here they are skipped, and that is said. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { findRuntime, hasDisplay } from './electron-runtime.ts';

const root = resolve(import.meta.dirname, '..');
const missing =
  findRuntime() === undefined ? 'the Electron runtime is not here' : 'there is no display for its windows';

if (findRuntime() === undefined || !hasDisplay()) {
  console.log(`\n*** skipped: ${missing}. The same specs run on a stand-in with \`npm run test:e2e\`. ***\n`);
  console.log('0 passed, 0 failed, 1 skipped');
} else {
  const vitest = resolve(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--project', 'e2e', 'e2e/desktop.spec.ts'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, BARNRAISER_TEST_RUNTIME: 'electron' },
  });
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
