import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, createApp } from '../../app.ts';
import { parseArguments } from '../commands/parse-arguments.ts';
import { TerminalFrontEnd } from '../front-end.ts';
import { runCommand } from '../run-command.ts';

let folder: string;
let app: App;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connection-import-'));
  app = await createApp({ frontEnd: 'terminal', home: join(folder, 'home') });
});
afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

/** Runs a command line and returns what it prints. */
async function barnraiser(args: readonly string[], input = ''): Promise<{ out: string; err: string }> {
  const parsed = parseArguments(args, { env: {}, cwd: folder });
  if (parsed.kind !== 'command') {
    throw new Error(JSON.stringify(parsed));
  }
  const [output, errors] = [new PassThrough(), new PassThrough()];
  const interrupted = new AbortController().signal;
  const frontEnd = new TerminalFrontEnd(app, {
    input: Readable.from([input]),
    output,
    errors,
    interrupted,
    ...parsed.global,
  });
  await runCommand(frontEnd, parsed.command);
  output.end();
  errors.end();
  return { out: await text(output), err: await text(errors) };
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

test('the preview shows the status of each connection and how to import, and changes nothing', async () => {
  await app.call('connections.add', { name: 'mine', uri: 'b:22' });
  await app.call('connections.add', { name: 'a', uri: 'ssh://another' });
  await app.call('farms.create', { name: 'g', connections: ['a'] });
  const { out, err } = await barnraiser(['connection', 'import', '--file', '-'], file);
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['NAME', 'URI', 'FROM', 'STATUS'],
    ['a', 'ssh://a', 'file', 'new as a-2'],
    ['b', 'ssh://b', 'file', 'already added as mine'],
    [''],
    ['FARM', 'CONNECTIONS', 'FROM', 'STATUS'],
    ['f', 'a, b', 'file', 'new, the default'],
    ['g', 'b', 'file', 'adds mine'],
    [''],
  ]);
  expect(err).toContain('note: a: Its identity /nowhere/key does not exist.');
  expect(err).toContain('note: standard input: "c" has a password');
  expect(err).toContain('`barnraiser connection import --file - --all`');
  expect(err).not.toContain('secret');
  expect(await app.call('farms.list', {})).toMatchObject({ value: { farms: [{ name: 'g', connections: ['a'] }] } });
});

test('only the named connections and farms are imported, a farm with its connections', async () => {
  await writeFile(join(folder, 'team.json'), file);
  const dry = await barnraiser(['connection', 'import', '--file', 'team.json', '--farm', 'g', '--dry-run']);
  expect(dry.out).toMatch(/^b +ssh:\/\/b +file +new$/m);
  expect(dry.out).not.toMatch(/^a /m);
  expect(await app.call('connections.list', {})).toMatchObject({ ok: true, value: [] });
  const { out } = await barnraiser(['connection', 'import', '--file', 'team.json', '--farm', 'g']);
  expect(out).toBe('Added b.\nCreated farm g.\n');
  const one = await barnraiser(['connection', 'import', '--file', 'team.json', 'a', 'b', '--json']);
  expect(JSON.parse(one.out)).toEqual({
    added: [{ name: 'a', connection: 'a' }],
    known: [{ name: 'b', connection: 'b' }],
    farmsCreated: [],
    farmsChanged: [],
  });
  expect(await app.call('farms.list', {})).toMatchObject({
    ok: true,
    value: { farms: [{ name: 'g', connections: ['b'] }] },
  });
});

test('an import emits one event with all connections and farms', async () => {
  const events: unknown[] = [];
  app.subscribe((event) => event.event === 'farms.changed' && events.push(event));
  await barnraiser(['connection', 'import', '--file', '-', '--all'], file);
  expect(events).toMatchObject([
    {
      connections: [{ name: 'a' }, { name: 'b' }],
      farms: [{ name: 'f', connections: ['a', 'b'] }, { name: 'g' }],
      default: 'f',
    },
  ]);
});

test('an unknown name is reported with the nearest known name', async () => {
  for (const [option, code] of [
    [['bb'], 'connection.unknown'],
    [['--farm', 'ff'], 'farm.unknown'],
  ] as const) {
    await expect(barnraiser(['connection', 'import', '--file', '-', ...option], file)).rejects.toMatchObject({
      problem: { code, fix: expect.stringMatching(/^Did you mean [bf]\? Available: [abfg], [abfg]\.$/) },
    });
  }
});

test('a missing file is reported with its path', async () => {
  await expect(barnraiser(['connection', 'import', '--file', 'gone'])).rejects.toMatchObject({
    problem: { code: 'connection.file', message: expect.stringContaining(join(folder, 'gone')) },
  });
});

test('an exported file can be imported', async () => {
  await barnraiser(['connection', 'import', '--file', '-', '--all'], file);
  const { out } = await barnraiser(['connection', 'export', '--json']);
  expect(JSON.parse(out)).toMatchObject({ barnraiser: 1, connections: [{ name: 'a' }, { name: 'b' }] });
  expect(out.trimEnd()).not.toContain('\n');
  expect((await barnraiser(['connection', 'import', '--file', '-', '--all'], out)).out).toContain(
    'Nothing new to import.',
  );
});
