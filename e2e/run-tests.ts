/** Runs all checks and tests and prints the total counts in the last line. */
import { spawn } from 'node:child_process';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { electronSpecs, findMissingRequirement } from './electron-runtime.ts';
import { secondLab } from './lab/settings.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Outcome extends Counts {
  /** Names and messages of failed tests, which are printed again after the output of all parts. */
  readonly failures: readonly string[];
}

/** Where the output of a part goes: to this program's, or to an open file. */
type Output = 'inherit' | number;

interface Part {
  readonly name: string;
  run(output: Output): Promise<Outcome>;
}

const bin = (name: string): string => join('node_modules', '.bin', name);

/** What the specs need of the code, in this order. */
const preparation: readonly Part[] = [
  check('format and lint', bin('biome'), ['check', '--error-on-warnings', '.']),
  check('types', bin('tsc'), ['--build']),
  check('bundle', bin('electron-vite'), ['build', '--logLevel', 'warn']),
];

/** Starts the nodes beside the preparation, and installs programs that the unit tests compare results with. */
const lab: readonly Part[] = [check('lab', bin('tsx'), ['e2e/lab/cli.ts', 'up'])];

/** Those of the specs that run in the second lab. They take about as long as the others. */
const secondSpecs: readonly string[] = [
  ...['bake', 'browser-front-end', 'build-secrets', 'check', 'classic-builder', 'desktop', 'direct-push'],
  ...['docker', 'guide', 'images', 'keyboard', 'options', 'registries'],
  ...['registry-conformance', 'registry-faults', 'registry-window', 'remote', 'sign-in', 'sources'],
  ...['attachments', 'attest', 'certificates', 'import', 'monitoring', 'outputs', 'platforms'],
].map((name) => `e2e/${name}.spec.ts`);

/** They remove what others have on the nodes, so they run alone, after those of the second lab. */
const loneSpecs: readonly string[] = ['e2e/prune.spec.ts'];

const { scripts } = z
  .object({ scripts: z.object({ 'test:slow': z.string() }) })
  .parse(JSON.parse(await readFile('package.json', 'utf8')));
/** They take minutes, so they have commands of their own: `npm run test:slow` and `npm run test:accessibility`. */
const slowSpecs = [
  ...['accessibility', 'keyboard-views'].map((name) => `e2e/${name}.spec.ts`),
  ...(scripts['test:slow'].match(/e2e\/\S+\.spec\.ts/g) ?? []),
];

const allSpecs = (await readdir('e2e')).filter((name) => name.endsWith('.spec.ts')).map((name) => `e2e/${name}`);
const elsewhere = [...secondSpecs, ...loneSpecs, ...slowSpecs];
const firstSpecs = allSpecs.filter((name) => !elsewhere.includes(name));
const unknownSpecs = elsewhere.filter((name) => !allSpecs.includes(name));
if (unknownSpecs.length > 0) {
  throw new Error(`There is no ${unknownSpecs.join(', ')}: correct secondSpecs, loneSpecs or slowSpecs.`);
}

/** They run beside the specs, which wait for nodes much of the time. */
const besideSpecs: readonly Part[] = [
  check('spelling', bin('cspell'), ['lint', '--no-progress', '--no-summary']),
  vitest('layers and wording', ['--project', 'rules']),
  vitest('unit tests', ['--project', 'unit']),
  vitest('renderer', ['--project', 'renderer']),
];

const inSecondLab: readonly Part[] = [
  check('second lab', bin('tsx'), ['e2e/lab/cli.ts', 'up'], secondLab()),
  vitest('specs on nodes of the second lab', ['--project', 'e2e', ...secondSpecs], {
    ...secondLab(),
    // the other pages: `npm run test:slow`
    BARNRAISER_TEST_GUIDE: 'first-farm',
  }),
  vitest('specs that prune', ['--project', 'e2e', ...loneSpecs], secondLab()),
  check('end of the second lab', bin('tsx'), ['e2e/lab/cli.ts', 'down'], secondLab()),
];

/** They wait for limits of time much of the time. */
const attacks: readonly Part[] = [vitest('attacks', ['--project', 'attack'])];

const specs: readonly Part[] = [
  check('Chromium', bin('tsx'), ['e2e/chromium.ts']),
  vitest('specs on real nodes', ['--project', 'e2e', ...firstSpecs]),
  desktop(),
];

/** A command that counts as one test. */
function check(name: string, command: string, args: string[], env: NodeJS.ProcessEnv = {}): Part {
  return {
    name,
    run: async (output) => {
      const ok = (await run(command, args, output, env)) === 0;
      return ok
        ? { passed: 1, failed: 0, skipped: 0, failures: [] }
        : { passed: 0, failed: 1, skipped: 0, failures: [`${command} ${args.join(' ')}`] };
    },
  };
}

/** The desktop specs on Electron's runtime. Skipped with a message if the runtime or a display is missing. */
function desktop(): Part {
  return {
    name: 'desktop specs on Electron',
    run: async (output) => {
      const missing = findMissingRequirement();
      if (missing === undefined) {
        const args = ['--project', 'e2e', ...electronSpecs];
        return vitest('', args, { BARNRAISER_TEST_RUNTIME: 'electron' }).run(output);
      }
      console.log(`*** skipped: ${missing}. The same specs ran on a stand-in, above. ***`);
      return { passed: 0, failed: 0, skipped: 1, failures: [] };
    },
  };
}

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

/** Each failed test and each file that could not be loaded, with its messages. */
function failuresOf({ testResults }: z.infer<typeof reportSchema>): string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative('.', name);
    const tests = assertionResults.filter((test) => test.status === 'failed');
    if (tests.length > 0) {
      return tests.map((test) => `${file} > ${test.fullName}\n${firstLines(test.failureMessages?.join('\n') ?? '')}`);
    }
    return status === 'failed' ? [`${file}\n${firstLines(message)}`] : [];
  });
}

const firstLines = (text: string): string =>
  stripVTControlCharacters(text)
    .split('\n')
    .filter((line) => !/^\s*at .*(node_modules|<anonymous>)/.test(line))
    .slice(0, 12)
    .map((line) => `    ${line}`)
    .join('\n');

function vitest(name: string, args: string[], env: NodeJS.ProcessEnv = {}): Part {
  return {
    name,
    run: async (output) => {
      const folder = await mkdtemp(join(tmpdir(), 'barnraiser-test-'));
      const file = join(folder, 'report.json');
      try {
        const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
        await run(bin('vitest'), ['run', ...args, ...reporters], output, env);
        const report = reportSchema.parse(JSON.parse(await readFile(file, 'utf8')));
        // if a file cannot be loaded, none of its tests counts as failed
        const failed = report.numFailedTests || (report.success ? 0 : 1);
        const skipped = report.numPendingTests + report.numTodoTests;
        const failures = failuresOf(report);
        if (failed > 0 && failures.length === 0) {
          failures.push('an error outside the tests; see the output above');
        }
        return { passed: report.numPassedTests, failed, skipped, failures };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { passed: 0, failed: 1, skipped: 0, failures: [`no report: ${reason}`] };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

function run(command: string, args: string[], output: Output, env: NodeJS.ProcessEnv = {}): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', output, output], env: { ...process.env, ...env } });
    child.on('error', (error) => {
      console.log(error.message);
      resolve(null);
    });
    child.on('exit', resolve);
  });
}

const sum: { passed: number; failed: number; skipped: number } = { passed: 0, failed: 0, skipped: 0 };
const lines: string[] = [];
const failures: string[] = [];

async function runPart(part: Part, output: Output): Promise<void> {
  const started = performance.now();
  const counts = await part.run(output);
  failures.push(...counts.failures.map((failure) => `FAILED ${part.name}: ${failure}`));
  sum.passed += counts.passed;
  sum.failed += counts.failed;
  sum.skipped += counts.skipped;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  lines.push(
    `${part.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`,
  );
}

async function runInOrder(parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    console.log(`\n=== ${part.name}`);
    await runPart(part, 'inherit');
  }
}

/** Like {@link runInOrder}, but prints the output of a part when it has ended, so that it stays together. */
async function runBeside(parts: readonly Part[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-test-'));
  try {
    for (const [index, part] of parts.entries()) {
      const path = join(folder, String(index));
      const file = await open(path, 'w', 0o600);
      await runPart(part, file.fd).finally(() => file.close());
      console.log(`\n=== ${part.name}\n${await readFile(path, 'utf8')}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await Promise.all([runBeside(lab), runInOrder(preparation)]);
await Promise.all([runBeside(besideSpecs), runBeside(attacks), runBeside(inSecondLab), runInOrder(specs)]);
console.log(['', ...failures, ...(failures.length > 0 ? [''] : []), ...lines, ''].join('\n'));
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
