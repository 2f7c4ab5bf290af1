/** The scripts of `barnraiser completion` in real shells, which must be installed. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureBundled } from './bundle.ts';
import { bundledCli, Person } from './harness.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';

const run = promisify(execFile);
const installed = new Map<string, boolean>();
for (const shell of ['bash', 'zsh', 'fish', 'pwsh']) {
  const found = await run('sh', ['-c', `command -v ${shell}`]).then(
    () => true,
    () => false,
  );
  installed.set(shell, found);
}

let person: Person;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  await ensureBundled();
  person = await Person.create();
  for (const name of ['pi4', 'pi5', 'big']) {
    await person.mustRun('connection', 'add', name, `ssh://kim@${name}.example.com`, '--no-test');
  }
  const bin = join(person.home, 'bin');
  await mkdir(bin);
  const program = join(bin, 'barnraiser');
  await writeFile(
    program,
    `#!/bin/sh
case $1 in
  __complete | completion) exec '${process.execPath}' '${bundledCli[0]}' "$@" ;;
  *) echo "<called>$*</called>" ;;
esac
`,
  );
  await chmod(program, 0o755);
  // an image with a tag, which bash splits into words
  const digest = `sha256:${'a'.repeat(64)}`;
  const annotations = { 'org.opencontainers.image.ref.name': 'api:1.4' };
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  await mkdir(join(person.home, 'images'), { recursive: true });
  await writeFile(
    join(person.home, 'images', 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, digest, size: 1, annotations }] }),
  );
  env = { ...person.env, PATH: `${bin}${delimiter}${person.env.PATH}`, TERM: 'xterm', HOME: person.home };
});
afterAll(() => person.remove());

/** Types lines with tabs into a shell and enters them. @returns the arguments that each called the program with */
async function typed(shell: readonly string[], setUp: string): Promise<string[]> {
  const terminal = new PseudoTerminal(shell, { cwd: person.home, env });
  terminal.type(`${setUp}; echo set-"up"\n`);
  await terminal.waitFor('set-up\r\n');
  for (const line of lines) {
    terminal.type(`${line}\n`);
    await terminal.waitFor('<called>');
  }
  terminal.type('exit\n');
  await terminal.waitForExit();
  return [...terminal.output.matchAll(/<called>(.*?)<\/called>/g)].map(([, words = '']) => words);
}

const lines = [
  'barnraiser connection upd\t',
  'barnraiser connection remove b\t',
  'barnraiser push ap\t',
  'barnraiser push api:1\t',
  'barnraiser build --format=d\t.',
  'barnraiser build --node big,pi\t4',
  'barnraiser images \t',
];
const completed = [
  'connection update',
  'connection remove big',
  'push api:1.4',
  'push api:1.4',
  'build --format=docker .',
  'build --node big,pi4',
  'images',
];

describe.skipIf(!installed.get('bash'))('bash', () => {
  test('completes commands, names and options', async () => {
    const calls = await typed(['bash', '--norc', '--noprofile', '-i'], 'source <(barnraiser completion bash)');
    expect(calls).toEqual(completed);
  });
});

describe.skipIf(!installed.get('zsh'))('zsh', () => {
  test('completes commands, names and options', async () => {
    const setUp = 'autoload -U compinit; compinit -u -D; source <(barnraiser completion zsh)';
    expect(await typed(['zsh', '-f', '-i'], setUp)).toEqual(completed);
  });
});

describe.skipIf(!installed.get('fish'))('fish', () => {
  test.each([
    ['barnraiser connection upd', 'update\tchange a connection; farms keep it'],
    ['barnraiser connection remove p', 'pi4\tssh://kim@pi4.example.com\npi5\tssh://kim@pi5.example.com'],
    ['barnraiser push api:', 'api:1.4'],
    ['barnraiser build --format=d', '--format=docker'],
    ['barnraiser build --node big,pi', 'big,pi4\tssh://kim@pi4.example.com\nbig,pi5\tssh://kim@pi5.example.com'],
    ['barnraiser build --farm ', ''],
  ])('completes %j', async (line, completed) => {
    const script = `barnraiser completion fish | source; complete -C '${line}'`;
    const { stdout } = await run('fish', ['--no-config', '-c', script], { env, cwd: person.home });
    expect(stdout.trimEnd()).toBe(completed);
  });
});

describe.skipIf(!installed.get('pwsh'))('PowerShell', () => {
  test.each([
    ['barnraiser connection upd', 'update'],
    ['barnraiser connection remove ', 'big\npi4\npi5'],
    ['barnraiser push api:', 'api:1.4'],
  ])('completes %j', async (line, completed) => {
    const script = `barnraiser completion powershell | Out-String | Invoke-Expression
      (TabExpansion2 '${line}' ${line.length}).CompletionMatches.CompletionText`;
    const { stdout } = await run('pwsh', ['-NoProfile', '-Command', script], { env, cwd: person.home });
    expect(stdout.trim().split(/\r?\n/).sort().join('\n')).toBe(completed);
  });
});
