/** What the packages contain: the configuration is valid, and every command has a manual page. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../../electron/terminal/commands/program.ts';
import { roff } from '../packages/man-pages.ts';
import { writePackageFiles } from '../packages/write.ts';

const config = parse(readFileSync('electron-builder.yml', 'utf8'));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-packages-'));
  await writePackageFiles(join(folder, 'packages'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("electron-builder.yml is valid by electron-builder's own schema", () => {
  const builder = createRequire(createRequire(import.meta.url).resolve('electron-builder')).resolve('app-builder-lib');
  const path = join(dirname(builder), '../scheme.json');
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  const validate = ajv.compile(JSON.parse(readFileSync(path, 'utf8')));
  validate(config);
  expect(validate.errors).toBeNull();
  expect(ajv.validate(JSON.parse(readFileSync(path, 'utf8')), { ...config, deb: { fpm: 'text' } })).toBe(false);
});

test('the files that the packages install are there', () => {
  const mapped: string[] = [...config.deb.fpm, ...config.rpm.fpm];
  const sources = mapped.map((mapping) => mapping.replace(/=.*$/, ''));
  expect(sources.length).toBeGreaterThan(8);
  const missing = sources.filter(
    (path) => !existsSync(path.startsWith('out/packages/') ? join(folder, path.replace(/^out/, '')) : path),
  );
  expect(missing).toEqual([]);
  expect(sources.filter((path) => path.startsWith('out/') && !path.startsWith('out/packages/'))).toEqual([]);
});

test('the launcher is a valid script that starts the packaged program', () => {
  const launcher = 'build-resources/barnraiser.sh';
  execFileSync('sh', ['-n', launcher]);
  expect(statSync(launcher).mode & 0o111).toBe(0o111);
  expect(readFileSync(launcher, 'utf8')).toContain(`\napp=/opt/${config.productName}/${config.linux.executableName}\n`);
});

test('every command has a manual page', async () => {
  const ignore = (): void => undefined;
  const program = createProgram({ env: {}, workingFolder: '/', onCommand: ignore, onText: ignore });
  const pages = await readdir(join(folder, 'packages/man1'));
  const expected = ['barnraiser.1', ...program.commands.map((command) => `barnraiser-${command.name()}.1`)];
  expect(pages.sort()).toEqual(expected.sort());
});

test('manual pages have no text that roff would take for a request', async () => {
  expect(roff("a-b \\ 'c' `d`\n.e ~/.f")).toBe('a\\-b \\e \\(aqc\\(aq \\(gad\\(ga\n\\&.e \\(ti/.f');
  const requests = /^[.'](?!(TH|SH|SS|TP|PP|B|BR|br|nf|fi|RS|RE|\\")\b|\\")/m;
  for (const name of await readdir(join(folder, 'packages/man1'))) {
    expect(readFileSync(join(folder, 'packages/man1', name), 'utf8')).not.toMatch(requests);
  }
});
