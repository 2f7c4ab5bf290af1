/** The command of the packages: the launcher, and the app that runs a command in a terminal. On the stand-in for Electron. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBundled } from './bundle.ts';

const root = resolve(import.meta.dirname, '..');
let folder: string;
let launcher: string;

beforeAll(async () => {
  await ensureBundled();
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-package-'));
  // in place of the packaged app: says with what it was started, and runs on the stand-in if that is a command
  const app = join(folder, 'app.sh');
  await writeFile(
    app,
    `#!/bin/sh
if [ "$BARNRAISER_FRONT_END" = "" ]; then echo "window $*"; exit 0; fi
cd '${root}'
exec '${process.execPath}' --import tsx --import ./e2e/electron-stand-in/register.ts out/main/main.cjs "$@"
`,
  );
  await chmod(app, 0o755);
  launcher = join(folder, 'barnraiser');
  const text = await readFile(join(root, 'build-resources/barnraiser.sh'), 'utf8');
  const ours = text.replace(/^app=.*$/m, `app='${app}'`);
  expect(ours).not.toBe(text);
  await writeFile(launcher, ours);
  await chmod(launcher, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
  const { DISPLAY: _, WAYLAND_DISPLAY: __, ...others } = process.env;
  const home = join(folder, 'home');
  return new Promise((done) => {
    const options = { cwd: folder, env: { ...others, BARNRAISER_HOME: home, ...env } };
    execFile(launcher, args, options, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

test('a command runs in the terminal, with its output, its problems and its exit code', async () => {
  const page = await run(['explain', 'disk.full']);
  expect(page).toMatchObject({ code: 0, stderr: '' });
  expect(page.stdout).toContain('A disk is full');
  const failed = await run(['connection', 'remove', 'nothing-here']);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('There is no connection named "nothing-here".');
  expect(failed.stderr).toContain('More: barnraiser explain connection.unknown');
});

test('flags are those of the command, also if Chromium has some with the same names', async () => {
  await run(['connection', 'add', 'pi4', 'ssh://pi@pi4.invalid', '--no-test', '--platforms', 'linux/arm64']);
  const { stdout } = await run(['connection', 'list', '--json']);
  expect(JSON.parse(stdout)).toMatchObject([{ name: 'pi4', platforms: ['linux/arm64'] }]);
});

test('a folder, a link, or nothing on a desktop opens the window', async () => {
  await mkdir(join(folder, 'build'));
  expect((await run(['./build'])).stdout).toBe('window ./build\n');
  expect((await run(['barnraiser://build/1'])).stdout).toBe('window barnraiser://build/1\n');
  expect((await run([], { DISPLAY: ':0' })).stdout).toBe('window \n');
  // a command, although a folder has its name
  expect((await run(['build', '--help'])).stdout).toContain('Usage: barnraiser build');
});
