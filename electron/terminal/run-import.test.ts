import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, createApp } from '../app.ts';
import { parseArguments } from './arguments.ts';
import { runCommand } from './run.ts';
import { TerminalFrontEnd } from './terminal.ts';

let folder: string;
let app: App;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-import-'));
  app = await createApp({ frontEnd: 'terminal', home: join(folder, 'home') });
});
afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

/** What a command line prints, to standard output and beside it. */
async function barnraiser(args: readonly string[], input = ''): Promise<{ out: string; said: string }> {
  const parsed = parseArguments(args, { version: '1', env: {}, cwd: folder });
  if (parsed.kind !== 'command') {
    throw new Error(JSON.stringify(parsed));
  }
  const [output, errors] = [new PassThrough(), new PassThrough()];
  const interrupted = new AbortController().signal;
  const door = new TerminalFrontEnd(app, {
    input: Readable.from([input]),
    output,
    errors,
    interrupted,
    ...parsed.global,
  });
  await runCommand(door, parsed.command);
  output.end();
  errors.end();
  return { out: await text(output), said: await text(errors) };
}

const file = JSON.stringify({
  barnraiser: 1,
  connections: [
    { name: 'a', uri: 'ssh://a', identity: '/nowhere/key' },
    { name: 'b', uri: 'ssh://b' },
    { name: 'c', uri: 'ssh://me:secret@c' },
  ],
  farms: [
    { name: 'f', connections: ['a', 'b', 'c'], default: true },
    { name: 'g', connections: ['b'] },
  ],
});

test('the preview says of each what it would be here, changes nothing, and says how to import', async () => {
  await app.call('connections.add', { name: 'mine', uri: 'b:22' });
  await app.call('connections.add', { name: 'a', uri: 'ssh://another' });
  await app.call('farms.create', { name: 'g', connections: ['a'] });
  const { out, said } = await barnraiser(['connection', 'import', '--file', '-'], file);
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['NAME', 'URI', 'FROM', 'HERE'],
    ['a', 'ssh://a', 'file', 'new as a-2'],
    ['b', 'ssh://b', 'file', 'known as mine'],
    [''],
    ['FARM', 'CONNECTIONS', 'FROM', 'HERE'],
    ['f', 'a, b', 'file', 'new, the default'],
    ['g', 'b', 'file', 'gets mine'],
    [''],
  ]);
  expect(said).toContain('note: a: Its identity /nowhere/key is not there.');
  expect(said).toContain('note: standard input: "c" holds a password');
  expect(said).toContain('`barnraiser connection import --file - --all`');
  expect(said).not.toContain('secret');
  expect(await app.call('farms.list', {})).toMatchObject({ value: { farms: [{ name: 'g', connections: ['a'] }] } });
});

test('what is named is imported, a farm with its connections, and nothing else', async () => {
  await writeFile(join(folder, 'team.json'), file);
  const dry = await barnraiser(['connection', 'import', '--file', 'team.json', '--farm', 'g', '--dry-run']);
  expect(dry.out).toMatch(/^b +ssh:\/\/b +file +new$/m);
  expect(dry.out).not.toMatch(/^a /m);
  expect(await app.call('connections.list', {})).toEqual({ ok: true, value: [] });
  const { out } = await barnraiser(['connection', 'import', '--file', 'team.json', '--farm', 'g']);
  expect(out).toBe('Added b.\nCreated farm g.\n');
  const one = await barnraiser(['connection', 'import', '--file', 'team.json', 'a', 'b', '--json']);
  expect(JSON.parse(one.out)).toEqual({
    added: [{ name: 'a', connection: 'a' }],
    known: [{ name: 'b', connection: 'b' }],
    farmsCreated: [],
    farmsChanged: [],
  });
  expect(await app.call('farms.list', {})).toEqual({ ok: true, value: { farms: [{ name: 'g', connections: ['b'] }] } });
});

test('an import is told of once, with all that there is after it', async () => {
  const told: unknown[] = [];
  app.subscribe((event) => event.event === 'farms.changed' && told.push(event));
  await barnraiser(['connection', 'import', '--file', '-', '--all'], file);
  expect(told).toMatchObject([
    {
      connections: [{ name: 'a' }, { name: 'b' }],
      farms: [{ name: 'f', connections: ['a', 'b'] }, { name: 'g' }],
      default: 'f',
    },
  ]);
});

test('a name that was not found is answered with the one most likely meant', async () => {
  for (const [option, code] of [
    [['bb'], 'connection.unknown'],
    [['--farm', 'ff'], 'farm.unknown'],
  ] as const) {
    await expect(barnraiser(['connection', 'import', '--file', '-', ...option], file)).rejects.toMatchObject({
      problem: { code, fix: expect.stringMatching(/^Did you mean [bf]\? There are [abfg], [abfg]\.$/) },
    });
  }
});

test('a file that is not there is said by its name', async () => {
  await expect(barnraiser(['connection', 'import', '--file', 'gone'])).rejects.toMatchObject({
    problem: { code: 'connection.file', message: expect.stringContaining(join(folder, 'gone')) },
  });
});

test('an export prints what an import reads', async () => {
  await barnraiser(['connection', 'import', '--file', '-', '--all'], file);
  const { out } = await barnraiser(['connection', 'export', '--json']);
  expect(JSON.parse(out)).toMatchObject({ barnraiser: 1, connections: [{ name: 'a' }, { name: 'b' }] });
  expect(out.trimEnd()).not.toContain('\n');
  expect((await barnraiser(['connection', 'import', '--file', '-', '--all'], out)).out).toContain('Nothing is new.');
});
