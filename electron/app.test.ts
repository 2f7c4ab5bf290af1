import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type AppEvent, calls } from '../shared/contract.ts';
import type { ProblemCode } from '../shared/problem.ts';
import type { ProblemAction } from '../shared/problem-action.ts';
import { type App, createApp } from './app.ts';

let folder: string;
let app: App;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-app-'));
  app = await createApp({ frontEnd: 'terminal', home: join(folder, 'home') });
});
afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

const problem = (code: ProblemCode, message: string | RegExp = '', ...actions: ProblemAction[]) => ({
  ok: false,
  problem: {
    code,
    message: expect.stringMatching(message),
    fix: expect.stringMatching(/\S/),
    ...(actions.length > 0 && { actions }),
  },
});

test('invalid input is answered with the reason and changes nothing', async () => {
  const answer = await app.call('connections.add', { name: 'no good', uri: 'ftp://x' });
  expect(answer).toEqual(problem('input.invalid', /name[\s\S]*uri|uri[\s\S]*name/));
  expect(await app.call('connections.list', {})).toMatchObject({ ok: true, value: [] });
});

test('every call answers invalid input with a problem that is not a bug', async () => {
  const invalid: unknown[] = [null, 7, [], { name: {}, id: [], context: 1, reference: ' ', destination: 3, path: {} }];
  const names = Object.keys(calls).filter((name): name is keyof typeof calls => name in calls);
  for (const name of names) {
    for (const input of invalid.filter((some) => !calls[name].input.safeParse(some).success)) {
      // JSON as a front end sends it, without compile-time checks
      const answer = await app.call(name, JSON.parse(JSON.stringify(input)));
      expect(answer.ok || answer.problem.code, `${name} ${JSON.stringify(input)}`).not.toBe('bug');
    }
  }
});

test('a call with an unknown name fails and names it', async () => {
  const ref = { reference: 'nope:1' };
  const noImage = problem('image.unknown', 'nope:1', { id: 'show-images' });
  expect(await app.call('images.inspect', ref)).toEqual(noImage);
  expect(await app.call('images.remove', ref)).toEqual(noImage);
  expect(await app.call('pushes.start', ref)).toEqual(noImage);
  expect(await app.call('builds.get', { id: 'nope' })).toEqual(problem('build.unknown', 'nope', { id: 'show-builds' }));
  expect(await app.call('builds.remove', { id: '../x' })).toEqual(problem('build.unknown', '', { id: 'show-builds' }));
  expect(await app.call('connections.remove', { name: 'nope' })).toEqual(
    problem('connection.unknown', 'nope', { id: 'add-connection', name: 'nope' }),
  );
  expect(await app.call('farms.remove', { name: 'nope' })).toEqual(
    problem('farm.unknown', 'nope', { id: 'create-farm', name: 'nope' }),
  );
});

test('a build without a Containerfile or a connection fails before it starts', async () => {
  const request = { context: folder, reference: 'api:1' };
  expect(await app.call('builds.start', request)).toEqual(
    problem('context.file-missing', '', { id: 'choose-containerfile' }),
  );
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\n');
  expect(await app.call('builds.start', request)).toEqual(problem('farm.empty'));
  expect(await app.call('builds.list', {})).toMatchObject({ ok: true, value: { entries: [] } });
});

test('a build whose only node cannot be reached fails with the problem of the node', async () => {
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\n');
  await app.call('connections.add', { name: 'here', uri: `unix://${folder}/none.sock` });
  for (const platforms of [undefined, ['linux/amd64']]) {
    const answer = await app.call('builds.start', { context: folder, reference: 'api:1', platforms });
    expect(answer).toEqual(problem('engine.no-socket', 'none.sock'));
  }
});

test('a build whose nodes all cannot be reached has each problem in its detail', async () => {
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\n');
  for (const name of ['one', 'two']) {
    await app.call('connections.add', { name, uri: `unix://${folder}/${name}.sock` });
  }
  const answer = await app.call('builds.start', { context: folder, reference: 'api:1', platforms: ['linux/amd64'] });
  expect(answer).toMatchObject({
    problem: { code: 'schedule.no-node', detail: expect.stringMatching(/one[\s\S]*two/) },
  });
});

test('changes of connections and farms are emitted with all connections and farms', async () => {
  const emitted: unknown[] = [];
  app.subscribe((event) => event.event === 'farms.changed' && emitted.push(event));
  await app.call('connections.add', { name: 'a', uri: 'ssh://a' });
  await app.call('farms.create', { name: 'f', connections: ['a'], makeDefault: true });
  await app.call('connections.update', { name: 'a', rename: 'b' });
  await app.call('connections.remove', { name: 'b' });
  expect(emitted).toMatchObject([
    { connections: [{ name: 'a' }], farms: [] },
    { farms: [{ name: 'f', connections: ['a'] }], default: 'f' },
    { connections: [{ name: 'b' }], farms: [{ connections: ['b'] }] },
    { connections: [], farms: [{ name: 'f', connections: [] }] },
  ]);
});

/** Adds the connection `silent`, to a server that accepts connections and never answers. Returns a function that waits for one. */
async function addSilentNode(): Promise<() => Promise<unknown>> {
  const silent = createServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void silent.close());
  const address = silent.address();
  const port = typeof address === 'object' && address ? address.port : expect.fail('no port');
  const connected = once(silent, 'connection');
  await app.call('connections.add', { name: 'silent', uri: `ssh://root@127.0.0.1:${port}/x.sock` });
  return () => connected;
}

test('a connection that is removed during a probe emits no status', async () => {
  const connected = await addSilentNode();
  const emitted: string[] = [];
  app.subscribe((event) => event.event === 'node.changed' && emitted.push(event.status.connection));
  const probe = app.call('nodes.probe', { connections: ['silent'] });
  await connected();
  await app.call('connections.remove', { name: 'silent' });
  expect(await probe).toMatchObject({ ok: true, value: [{ connection: 'silent', state: 'down' }] });
  expect(emitted).toEqual([]);
  expect(await app.call('nodes.list', {})).toMatchObject({ ok: true, value: [] });
});

test('closing does not wait for a node that does not answer and starts no build on it', async () => {
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\n');
  const connected = await addSilentNode();
  const start = app.call('builds.start', { context: folder, reference: 'api:1' });
  await connected();
  await app.close();
  expect(await start).toMatchObject({ ok: false, problem: { code: 'call.cancelled' } });
  app = await createApp({ frontEnd: 'terminal', home: join(folder, 'home') });
  expect(await app.call('builds.list', {})).toMatchObject({ ok: true, value: { entries: [] } });
});

const cancellable: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
  'nodes.probe': (signal) => app.call('nodes.probe', { connections: ['silent'] }, { signal }),
  'storage.use': (signal) => app.call('storage.use', { connections: ['silent'] }, { signal }),
  'storage.preview': (signal) => app.call('storage.preview', { connections: ['silent'] }, { signal }),
  'builds.preview': (signal) => app.call('builds.preview', silentBuild(), { signal }),
  'builds.start': (signal) => app.call('builds.start', silentBuild(), { signal }),
  'connections.check': (signal) => app.call('connections.check', { name: 'silent' }, { signal }),
  'connections.fix': (signal) => app.call('connections.fix', { name: 'silent', fix: 'prune' }, { signal }),
};
const silentBuild = () => ({ context: folder, reference: 'api:1', connections: ['silent'] });

test.each(Object.entries(cancellable))('%s can be cancelled while it waits for a node', async (_name, start) => {
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\n');
  const connected = await addSilentNode();
  const emitted: string[] = [];
  app.subscribe(({ event }) => emitted.push(event));
  const cancel = new AbortController();
  const call = start(cancel.signal);
  await connected();
  cancel.abort();
  expect(await call).toMatchObject({ ok: false, problem: { code: 'call.cancelled' } });
  // it is not known whether the node is up
  expect(emitted).not.toContain('node.changed');
  expect(await app.call('nodes.list', {})).toMatchObject({ ok: true, value: [] });
});

test('a cancelled inspection ends, whatever the size of the folder', async () => {
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\n');
  const call = app.call('projects.inspect', { context: folder }, { signal: AbortSignal.abort() });
  expect(await call).toMatchObject({ ok: false, problem: { code: 'call.cancelled' } });
});

test('a call reports the connections that it needs', async () => {
  await app.call('connections.add', { name: 'here', uri: `unix://${folder}/none.sock` });
  const needed: string[] = [];
  await app.call('nodes.probe', {}, { onConnection: (name) => needed.push(name) });
  expect(needed).toEqual(['here']);
});

test('what another process changes is emitted, once', async () => {
  const home = join(folder, 'home');
  const window = await createApp({ frontEnd: 'browser', home });
  onTestFinished(() => window.close());
  const emitted: AppEvent[] = [];
  window.subscribe((event) => emitted.push(event));
  await app.call('connections.add', { name: 'a', uri: `unix://${folder}/none.sock` });
  await expect.poll(() => emitted).toMatchObject([{ event: 'farms.changed', connections: [{ name: 'a' }] }]);
  await window.call('nodes.probe', { connections: ['a'] });
  await app.call('connections.update', { name: 'a', uri: `unix://${folder}/other.sock` });
  await expect.poll(() => emitted.length).toBe(3);
  // the status belonged to the other address
  expect(await window.call('nodes.list', {})).toMatchObject({ value: [] });
  await app.call('settings.update', { theme: 'dark' });
  await expect.poll(() => emitted.at(-1)).toMatchObject({ event: 'settings.changed', settings: { theme: 'dark' } });
  const index = join(home, 'images', 'index.json');
  await writeFile(index, (await readFile(index, 'utf8')).replace('}', ' }'));
  await expect.poll(() => emitted.at(-1)).toMatchObject({ event: 'images.changed' });
  expect(emitted).toHaveLength(5);
});

test('a result tells which events it includes', async () => {
  let last = 0;
  app.subscribe((_event, seq) => {
    last = seq;
  });
  await app.call('connections.add', { name: 'a', uri: 'ssh://a' });
  expect(last).toBe(1);
  expect(await app.call('connections.list', {})).toMatchObject({ ok: true, seq: 1 });
});
