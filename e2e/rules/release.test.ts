/** What a release is made of: the changelog, the workflow, checksums, signature, SBOM and licences. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { isNewerRelease } from '../../shared/version-text.ts';
import { newestVersion, parseChangelog } from '../release/changelog.ts';
import { signFile, writeChecksums } from '../release/checksums.ts';
import { licenceName, licenceTexts } from '../release/licences.ts';
import { npmBom, releaseBom } from '../release/sbom.ts';

const root = join(import.meta.dirname, '..', '..');

describe('CHANGELOG.md', () => {
  const entries = parseChangelog(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'));

  test('ends at the version of package.json', () => {
    expect(newestVersion(entries)?.name).toBe(packageJson.version);
  });

  test('has its versions in order, newest first, each with what has changed', () => {
    const versions = entries.map(({ name }) => name).filter((name) => name !== 'Unreleased');
    for (const [index, older] of versions.slice(1).entries()) {
      expect(isNewerRelease(versions[index] ?? '', older), `${versions[index]} before ${older}`).toBe(true);
    }
    for (const { name, text } of entries) {
      expect(text, name).toMatch(/^### (Added|Changed|Deprecated|Removed|Fixed|Security)$/m);
    }
  });

  test('only its newest version may be without a date', () => {
    expect(entries.filter(({ name, date }) => name !== 'Unreleased' && date === undefined).length).toBeLessThanOrEqual(
      1,
    );
    expect(entries.slice(2).filter(({ date }) => date === undefined)).toEqual([]);
  });

  test.each(['## 1.0.0', '## [1.0.0] - tomorrow', '## [1.0.0] 2026-01-01'])('%j is not a heading', (heading) => {
    expect(() => parseChangelog(`# Changelog\n\n${heading}\n`)).toThrow(heading);
  });
});

const stepSchema = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  if: z.string().optional(),
});
const workflowSchema = z.strictObject({
  name: z.string(),
  on: z.unknown(),
  permissions: z.record(z.string(), z.string()),
  concurrency: z.unknown(),
  env: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.strictObject({
      needs: z.union([z.string(), z.array(z.string())]).optional(),
      if: z.string().optional(),
      strategy: z.unknown().optional(),
      'runs-on': z.string(),
      'timeout-minutes': z.number(),
      permissions: z.record(z.string(), z.string()).optional(),
      steps: z.array(stepSchema).min(1),
    }),
  ),
});

describe('the release workflow', () => {
  const workflow = workflowSchema.parse(parse(readFileSync(join(root, '.github', 'workflows', 'release.yml'), 'utf8')));
  const jobs = Object.entries(workflow.jobs);
  const steps = jobs.flatMap(([, job]) => job.steps);

  test('has jobs that wait for jobs that exist, and publishes only what all have made', () => {
    for (const [name, { needs = [] }] of jobs) {
      for (const other of [needs].flat()) {
        expect(Object.keys(workflow.jobs), name).toContain(other);
      }
    }
    expect(workflow.jobs.publish?.needs).toEqual(['terminal', 'desktop']);
  });

  test('runs commands that a shell can parse, and scripts and steps that exist', () => {
    const known = execFileSync(process.execPath, ['--import', 'tsx', 'e2e/release/run.ts', 'help'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).toString();
    for (const { run = '' } of steps) {
      execFileSync('bash', ['-n'], { input: run });
      for (const [, script = ''] of run.matchAll(/npm run ([\w:]+)/g)) {
        expect(Object.keys(packageJson.scripts)).toContain(script);
      }
      for (const [, words = ''] of run.matchAll(/npm run release -- ([\w ]+)/g)) {
        for (const word of words.trim().split(' ')) {
          expect(known).toMatch(new RegExp(`^ {2}${word} `, 'm'));
        }
      }
    }
  });

  test('uses secrets only through the environment, and may write only where it publishes', () => {
    for (const { run = '' } of steps) {
      expect(run).not.toContain('${{');
    }
    expect(workflow.permissions).toEqual({ contents: 'read' });
    const writing = jobs.filter(([, { permissions }]) => permissions !== undefined).map(([name]) => name);
    expect(writing).toEqual(['publish']);
    for (const { uses } of steps.filter((step) => step.uses !== undefined)) {
      expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
    }
  });
});

describe('a release', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'release-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('has checksums that sha256sum accepts, and a signature that ssh-keygen verifies', async () => {
    await writeFile(join(folder, 'barnraiser-1.2.3.tgz'), 'package');
    await writeFile(join(folder, 'barnraiser-1.2.3.cdx.json'), '{}');
    await writeFile(join(folder, 'builder-debug.yml'), 'no download');
    const sums = await writeChecksums(folder);
    expect((await readFile(sums, 'utf8')).match(/\S+$/gm)).toEqual([
      'barnraiser-1.2.3.cdx.json',
      'barnraiser-1.2.3.tgz',
    ]);
    execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder });

    const key = join(folder, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key]);
    await signFile(sums, await readFile(key, 'utf8'));
    await writeFile(join(folder, 'signers'), `release ${await readFile(`${key}.pub`, 'utf8')}`);
    const verify = (): Buffer =>
      execFileSync(
        'ssh-keygen',
        [
          '-Y',
          'verify',
          '-n',
          'barnraiser-release',
          '-I',
          'release',
          '-f',
          join(folder, 'signers'),
          '-s',
          `${sums}.sig`,
        ],
        { input: readFileSync(sums), stdio: ['pipe', 'pipe', 'pipe'] },
      );
    expect(verify().toString()).toContain('Good "barnraiser-release" signature');
    await writeFile(sums, 'other');
    expect(verify).toThrow();
  });

  test('has an SBOM of the packages in the bundle with their hashes and licences, the same each time', async () => {
    const packages = ['zod', 'react', 'ssh2'].map((name) => `${name}@${installedVersion(name)}`);
    const bom = await npmBom(root);
    const licences = new Map(
      await Promise.all(packages.map(async (each) => [each, await licenceName(root, each)] as const)),
    );
    const make = () => releaseBom(bom, licences, { version: packageJson.version, time: new Date(0) });
    const made = make();
    expect(JSON.stringify(made)).toBe(JSON.stringify(make()));
    expect(made.components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual([...packages].sort());
    for (const component of made.components) {
      expect(component).toMatchObject({
        purl: expect.stringMatching(/^pkg:npm\//),
        hashes: [{ alg: 'SHA-512', content: expect.any(String) }],
        licenses: [expect.anything()],
      });
    }
    expect(made.metadata).toMatchObject({
      timestamp: '1970-01-01T00:00:00.000Z',
      component: { type: 'application', name: 'barnraiser' },
    });
    const refs = new Set(made.dependencies.map(({ ref }) => ref));
    expect(made.dependencies.flatMap(({ dependsOn = [] }) => dependsOn).filter((ref) => !refs.has(ref))).toEqual([]);
    expect(() =>
      releaseBom(bom, new Map([['no-such-package@1.0.0', 'MIT']]), { version: '1', time: new Date(0) }),
    ).toThrow('no-such-package');
  });

  test('has the licence of each package', async () => {
    const text = await licenceTexts(root, [`zod@${installedVersion('zod')}`, `ssh2@${installedVersion('ssh2')}`]);
    expect(text).toContain('zod@');
    expect(text.match(/Permission is hereby granted/g)).toHaveLength(2);
    await expect(licenceTexts(root, ['zod@0.0.1'])).rejects.toThrow('zod@0.0.1 is not installed');
  });
});

function installedVersion(name: string): string {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')));
  return version;
}

test('all files that a release needs are there', async () => {
  for (const name of ['LICENSE', 'CHANGELOG.md', 'README.md', 'electron-builder.yml']) {
    expect(existsSync(join(root, name)), name).toBe(true);
  }
  // the package of the terminal has what npm would publish: the bundle, and nothing else
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
  });
  const [{ files } = { files: [] }] = z
    .array(z.object({ files: z.array(z.object({ path: z.string() })) }))
    .parse(JSON.parse(stdout));
  expect(
    files
      .map(({ path }) => path)
      .filter((path) => !/^(out\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(path)),
  ).toEqual([]);
});
