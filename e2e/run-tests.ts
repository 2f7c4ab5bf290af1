/** Runs every part of the tests one after another and ends with one line of counts over all of them. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { whatLacks } from './electron-runtime.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Part {
  readonly name: string;
  run(): Promise<Counts>;
}

const bin = (name: string): string => join('node_modules', '.bin', name);

const parts: readonly Part[] = [
  check('format, lint and layers', bin('biome'), ['check', '--error-on-warnings', '.']),
  check('types', bin('tsc'), ['--build']),
  check('bundle', bin('electron-vite'), ['build', '--logLevel', 'warn']),
  // early, since it brings programs that units compare with
  check('lab', bin('tsx'), ['e2e/lab/cli.ts', 'up']),
  vitest('units', ['--project', 'unit']),
  vitest('the face', ['--project', 'renderer']),
  check('browser engine', bin('tsx'), ['e2e/browser-engine.ts']),
  vitest('real nodes', ['--project', 'e2e']),
  desktop(),
];

/** A command that is one test: it passes or fails as a whole. */
function check(name: string, command: string, args: string[]): Part {
  return {
    name,
    run: async () => {
      const ok = (await run(command, args)) === 0;
      return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
    },
  };
}

/** The desktop door on Electron's own runtime, where that is here; else it is skipped, and that is said. */
function desktop(): Part {
  return {
    name: 'the desktop door on Electron',
    run: async () => {
      const lacks = whatLacks();
      if (lacks === undefined) {
        const args = ['--project', 'e2e', 'e2e/desktop.spec.ts'];
        return vitest('', args, { BARNRAISER_TEST_RUNTIME: 'electron' }).run();
      }
      console.log(`*** skipped: ${lacks}. The same specs ran on a stand-in, above. ***`);
      return { passed: 0, failed: 0, skipped: 1 };
    },
  };
}

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  success: z.boolean(),
});

function vitest(name: string, args: string[], env: NodeJS.ProcessEnv = {}): Part {
  return {
    name,
    run: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'barnraiser-test-'));
      const file = join(folder, 'report.json');
      try {
        const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
        await run(bin('vitest'), ['run', ...args, ...reporters], env);
        const report = reportSchema.parse(JSON.parse(await readFile(file, 'utf8')));
        // a file that could not be loaded has no tests that could fail
        const failed = report.numFailedTests || (report.success ? 0 : 1);
        return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests };
      } catch (error) {
        console.log(`${name}: no report: ${error instanceof Error ? error.message : String(error)}`);
        return { passed: 0, failed: 1, skipped: 0 };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
    child.on('error', (error) => {
      console.log(error.message);
      resolve(null);
    });
    child.on('exit', resolve);
  });
}

const sum: { passed: number; failed: number; skipped: number } = { passed: 0, failed: 0, skipped: 0 };
const lines: string[] = [];
for (const part of parts) {
  console.log(`\n=== ${part.name}`);
  const started = performance.now();
  const counts = await part.run();
  sum.passed += counts.passed;
  sum.failed += counts.failed;
  sum.skipped += counts.skipped;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  lines.push(
    `${part.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`,
  );
}
console.log(`\n${lines.join('\n')}\n`);
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
