/**
 * Fifty Containerfiles: what is found in them is what BuildKit's build checks find, and engines build them. What BuildKit says is kept
 * in `containerfiles/build-checks.json`. `npm run test:containerfiles` asks it again, builds all of them, and tries what engines refuse.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseContainerfile, stageName } from '../electron/projects/parse-containerfile.ts';
import { lintProject } from '../electron/projects/project.ts';
import { ImageFactsReader } from '../electron/registry/image-facts.ts';
import { testSources } from '../electron/sources/testing/test-sources.ts';
import { lintRule } from '../shared/lint-rules.ts';
import { type Platform, parsePlatform } from '../shared/platform.ts';
import { askBuildKit, type BuildChecks, folder, inOrder, readFixtures, writeFixtures } from './containerfiles.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { runOnNode, startNode } from './lab/lab.ts';
import { refused } from './refused-containerfiles.ts';

const lab = await setUpLab();
const fixtures = await readFixtures(lab.registry.address);
const checksFile = join(folder, 'build-checks.json');
const isWhole = process.env.BARNRAISER_TEST_CONTAINERFILES === 'all';
/** Built in each run: here-documents, many stages. */
const builtAlways = ['inline-files', 'many-tools'];
/** A docker with buildx, whose BuildKit has the build checks. */
const checker = 'docker-new';

let root: string;
let person: Person;
const facts = new ImageFactsReader();

beforeAll(async () => {
  root = await writeFixtures(fixtures);
  person = await Person.create();
  await person.addConnections(lab.node('amd-b'), lab.node('docker-a'));
});
afterAll(async () => {
  await person?.remove();
  await rm(root, { recursive: true, force: true });
});

function lint(context: string) {
  const request = {
    context,
    file: join(context, 'Containerfile'),
    buildArgs: {},
    platforms: [parsePlatform('linux/amd64') as Platform],
    imageFacts: facts.read,
  };
  return lintProject(request, testSources(root), new AbortController().signal);
}

/** What is found here, as BuildKit says it. */
async function ownChecks(name: string, text: string): Promise<BuildChecks> {
  const { warnings, errors } = await lint(join(root, name));
  const found = [...errors, ...warnings].flatMap(({ line = 0, rule }): [number, string][] =>
    rule && lintRule(rule).page !== undefined ? [[line, rule]] : [],
  );
  const lines = parseContainerfile(text).instructions.filter(({ keyword }) => keyword === 'FROM');
  return {
    warnings: inOrder(found),
    stages: lines.map(({ firstLine, rest }) => `${firstLine} ${stageName(rest)?.toLowerCase() ?? ''}`),
  };
}

test('there are fifty, each of which says what it has', () => {
  expect(fixtures).toHaveLength(50);
  expect(fixtures.filter(({ about, files }) => about === '' || !files.Containerfile)).toEqual([]);
});

test('the stages and findings of each are those of BuildKit, and no error is found in them', async () => {
  const checks: Record<string, BuildChecks> = JSON.parse(await readFile(checksFile, 'utf8'));
  for (const { name, files } of fixtures) {
    const own = await ownChecks(name, files.Containerfile ?? '');
    expect({ name, ...own }).toEqual({ name, ...checks[name] });
    expect((await lint(join(root, name))).errors, name).toEqual([]);
  }
});

test('the terminal checks a Containerfile without a build, and refuses to build only if asked', async () => {
  const base = `${lab.registry.address}/base:1`;
  const project = await makeProject({
    Containerfile: `FROM ${base} as app\nWORKDIR $HOEM/x\nCOPY src/* /src/\nCMD x\n`,
    'src/main': '',
  });
  try {
    const linted = await person.barnraiser('lint', project, '--platform', 'linux/amd64,linux/s390x');
    expect(linted.code, linted.stderr).toBe(0);
    expect(linted.stdout.split('\n').map((line) => line.replace(/: .*\[/, ' ').replace(']', ''))).toEqual([
      'Containerfile:1 FromAsCasing',
      'Containerfile:1 InvalidBaseImagePlatform',
      'Containerfile:2 UndefinedVar',
      'Containerfile:4 JSONArgsRecommended',
      '',
    ]);
    expect((await person.barnraiser('lint', project, '--strict')).code).toBe(1);
    const sarif = JSON.parse((await person.barnraiser('lint', project, '--format', 'sarif')).stdout);
    expect(sarif.runs[0].results).toHaveLength(3);
    const json = JSON.parse((await person.barnraiser('lint', project, '--json')).stdout);
    expect(json.findings[1]).toMatchObject({ rule: 'UndefinedVar', severity: 'warning', line: 2 });
    const options = ['-t', 'containerfile-linted:1', '--node', 'amd-b', '--platform', 'linux/amd64'];
    expect((await person.barnraiser('build', '--check', ...options, project)).stdout).toContain('[UndefinedVar]');
    const strict = await person.barnraiser('build', '--lint', 'error', ...options, project);
    expect(strict.code).toBe(1);
    expect(strict.stderr).toContain('Containerfile, line 2: HOEM has no value here.');
    expect(strict.stderr).toContain('--lint=error');
    await writeFile(join(project, 'Containerfile'), `FROM ${base}\nCOPY scr/main /\n`);
    const broken = await person.barnraiser('lint', project);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toContain('Containerfile:2: error: scr/main is not in the context. Did you mean src/main?');
  } finally {
    await rm(project, { recursive: true, force: true });
  }
});

describe.each(['amd-b', 'docker-a'])('on %s', (node) => {
  test.each(fixtures.filter(({ name }) => isWhole || builtAlways.includes(name)))(
    '$name is built',
    async ({ name }) => {
      const options = ['-t', `containerfile-${name}:1`, '--node', node, '--platform', 'linux/amd64'];
      const { warnings } = await lint(join(root, name));
      // podman's own limits are warned of
      const isRefused =
        node === 'amd-b' && warnings.some(({ rule = '' }) => ['NotPortable', 'MisspelledStage'].includes(rule));
      const { code, stderr, stdout } = await person.barnraiser('build', ...options, join(root, name));
      expect(code, `${stdout}${stderr}`).toBe(isRefused ? 1 : 0);
    },
  );
});

describe.runIf(isWhole)('as a whole', () => {
  test('BuildKit still says what is kept of it', async () => {
    await startNode(checker);
    const checks = await askBuildKit(checker, root);
    if (process.env.BARNRAISER_UPDATE) {
      await writeFile(checksFile, `${JSON.stringify(checks, null, 2)}\n`);
    }
    expect(checks).toEqual(JSON.parse(await readFile(checksFile, 'utf8')));
  });

  test.each(refused)('engines refuse %j, and so do we', async (text) => {
    const content = text.replaceAll('BASE', `${lab.registry.address}/base:1`);
    const made = await writeFixtures([{ name: 'refused', about: '', files: { Containerfile: content, a: 'a' } }]);
    try {
      expect((await lint(join(made, 'refused'))).errors).not.toEqual([]);
      for (const [node, tool] of [
        ['amd-a', 'podman'],
        ['amd-b', 'podman'],
        ['docker-a', 'docker'],
      ]) {
        const script = `cd $(mktemp -d) && echo a > a && cat > Containerfile && ${tool} build -f Containerfile .`;
        const { code, stdout, stderr } = await runOnNode(node ?? '', script, { input: content });
        expect(code, `${node}: ${stdout}${stderr}`).not.toBe(0);
      }
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  });
});
