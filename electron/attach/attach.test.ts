import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import type { Question } from '../../shared/question.ts';
import type { AppApi } from '../page/app-api.ts';
import { findSocket } from './address.ts';
import { attachToRunningApp, type RunningApp } from './client.ts';
import { type AttachServer, acceptTerminals } from './server.ts';

let home: string;
let listeners: Set<(event: AppEvent, seq: number) => void>;
let signals: AbortSignal[];
let needConnection: (name: string) => void;
let open: Question[];
const started: AttachServer[] = [];

const app: AppApi = {
  call: async (name, input, { signal, onConnection } = {}) => {
    if (name === 'nodes.probe') {
      needConnection = onConnection ?? expect.fail('no listener');
      signals.push(signal ?? expect.fail('no signal'));
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      return { ok: false, problem: fail('call.cancelled', 'This was cancelled.', 'Start it again.').problem };
    }
    if (name === 'questions.list') {
      return { ok: true, value: open, seq: 3 };
    }
    return { ok: true, value: name === 'settings.get' ? { theme: 'loud' } : input, seq: 3 };
  },
  subscribe: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'attach-'));
  listeners = new Set();
  signals = [];
  open = [];
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
  await rm(home, { recursive: true });
});

async function serve(): Promise<AttachServer> {
  const server = (await acceptTerminals(app, { home, frontEnd: 'browser' })) ?? expect.fail('another app listens');
  started.push(server);
  return server;
}

async function attach(): Promise<RunningApp> {
  const running = await attachToRunningApp({ home, hasToShareEnvironment: true });
  onTestFinished(() => running?.close());
  return running ?? expect.fail('no app answers');
}

const canAttach = async (): Promise<boolean> => {
  const running = await attachToRunningApp({ home, hasToShareEnvironment: true });
  await running?.close();
  return running !== undefined;
};

const emit = (event: AppEvent, seq: number): void => {
  for (const listener of listeners) {
    listener(event, seq);
  }
};

describe('a terminal', () => {
  test('calls the app of its data folder and gets valid results', async () => {
    await serve();
    const running = await attach();
    expect(await running.call('builds.cancel', { id: 'b1' })).toEqual({ ok: true, value: {}, seq: 3 });
    expect(await running.call('settings.get', {})).toMatchObject({ ok: false, problem: { code: 'bug' } });
  });

  test('cancels its calls, also by leaving', async () => {
    await serve();
    const running = await attach();
    const cancel = new AbortController();
    const first = running.call('nodes.probe', {}, { signal: cancel.signal });
    void running.call('nodes.probe', {});
    await expect.poll(() => signals.length).toBe(2);
    cancel.abort();
    expect(await first).toMatchObject({ problem: { code: 'call.cancelled' } });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    await running.close();
    await expect.poll(() => signals[1]?.aborted).toBe(true);
    expect(running.lost.aborted).toBe(false);
  });

  test('gets events with their numbers while it is subscribed', async () => {
    await serve();
    const running = await attach();
    const events: unknown[] = [];
    running.subscribe((event, seq) => events.push([event, seq]));
    await expect.poll(() => listeners.size).toBe(1);
    const event: AppEvent = { event: 'settings.changed', settings: { theme: 'dark', keepBuilds: 1, jobsPerNode: 1 } };
    emit(event, 9);
    await expect.poll(() => events).toEqual([[event, 9]]);
    await running.close();
    await expect.poll(() => listeners.size).toBe(0);
  });

  test('gets the questions about the connections that it waits for, and no others', async () => {
    await serve();
    const running = await attach();
    const asked: string[] = [];
    running.subscribe((event) => event.event === 'question.asked' && asked.push(event.question.id));
    const question = (id: string, connection: string): Question => ({
      id,
      connection,
      kind: 'passphrase',
      path: '/k',
      wasWrong: false,
      remember: { possible: true },
    });
    void running.call('nodes.probe', {});
    await expect.poll(() => signals.length).toBe(1);
    await expect.poll(() => listeners.size).toBe(1);
    // open before the terminal began to wait
    open = [question('early', 'mine'), question('other', 'foreign')];
    needConnection('mine');
    needConnection('mine');
    await expect.poll(() => asked).toEqual(['early']);
    emit({ event: 'question.asked', question: question('foreign', 'foreign') }, 4);
    emit({ event: 'question.asked', question: question('early', 'mine') }, 5);
    emit({ event: 'question.asked', question: question('late', 'mine') }, 6);
    await expect.poll(() => asked).toEqual(['early', 'late']);
  });

  test('is notified when the app ends first', async () => {
    const server = await serve();
    const running = await attach();
    const call = running.call('nodes.probe', {});
    await expect.poll(() => signals.length).toBe(1);
    await server.close();
    expect(await call).toMatchObject({ ok: false, problem: { code: 'app.closed' } });
    expect(running.lost.reason).toMatchObject({ problem: { code: 'app.closed' } });
    expect(await running.call('app.info', {})).toMatchObject({ ok: false, problem: { code: 'app.closed' } });
    expect(await canAttach()).toBe(false);
  });

  test('works by itself where it has other keys, or does not want to attach', async () => {
    await serve();
    expect(await canAttach()).toBe(true);
    for (const [name, value] of [
      ['SSH_AUTH_SOCK', '/tmp/other-agent'],
      ['https_proxy', 'http://proxy'],
      ['BARNRAISER_ATTACH', '0'],
    ] as const) {
      // the app runs in this process, too, so the client gets a greeting from before the change
      const greeting = await readGreeting();
      vi.stubEnv(name, value);
      const stand = createServer((socket) => socket.write(greeting));
      await Promise.all(started.splice(0).map((server) => server.close()));
      await new Promise<void>((resolve) => stand.listen(join(home, 'app.sock'), resolve));
      expect(await canAttach(), name).toBe(false);
      vi.unstubAllEnvs();
      await new Promise((resolve) => stand.close(resolve));
      await serve();
    }
  });

  test('works by itself where the app does not answer, or has another version', async () => {
    for (const greeting of [
      '',
      '{"type":"hello","version":"9","frontEnd":"desktop","salt":"","environment":""}\n',
      'x\n',
    ]) {
      const stand = createServer((socket) => socket.on('error', () => undefined).write(greeting));
      await new Promise<void>((resolve) => stand.listen(join(home, 'app.sock'), resolve));
      expect(await canAttach()).toBe(false);
      await new Promise((resolve) => stand.close(resolve));
    }
  });
});

/** What the app sends first. */
async function readGreeting(): Promise<string> {
  const socket = connect((await findSocket(home)) ?? expect.fail('no socket'));
  const text = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())));
  socket.destroy();
  return text;
}

describe('the app', () => {
  test('disconnects whoever sends something else than requests', async () => {
    await serve();
    for (const text of ['GET / HTTP/1.1\r\n\r\n', '{"type":"call"}\n', 'x'.repeat(17 * 1024 * 1024)]) {
      const socket = connect((await findSocket(home)) ?? expect.fail('no socket'));
      const closed = new Promise((resolve) =>
        socket
          .resume()
          .on('error', () => undefined)
          .once('close', resolve),
      );
      socket.write(text);
      await closed;
    }
  });

  test('listens where only this user can connect, and leaves nothing behind', async () => {
    const server = await serve();
    expect((await stat(join(home, 'app.sock'))).mode & 0o777).toBe(0o600);
    await server.close();
    expect(await readdir(home)).toEqual([]);
  });

  test.each([
    ['whose path is too long for a socket', (folder: string) => join(folder, 'x'.repeat(120)), 0o700],
    ['that others can open', (folder: string) => join(folder, 'shared'), 0o755],
  ])('of a data folder %s listens in a private folder', async (_name, choose, mode) => {
    const folder = home;
    home = choose(folder);
    await mkdir(home);
    await chmod(home, mode);
    const server = await serve();
    expect((await stat(join(home, 'app.sock.json'))).mode & 0o777).toBe(0o600);
    const path = (await findSocket(home)) ?? expect.fail('no socket');
    expect(path).toMatch(/barnraiser-\w+\/app\.sock$/);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
    expect(await canAttach()).toBe(true);
    await server.close();
    expect(await readdir(home)).toEqual([]);
    await expect(stat(join(path, '..'))).rejects.toThrow('ENOENT');
    home = folder;
  });

  test('is the only one of its data folder, and takes the place of one that died', async () => {
    await serve();
    expect(await acceptTerminals(app, { home, frontEnd: 'desktop' })).toBeUndefined();
    expect(await canAttach()).toBe(true);
    await Promise.all(started.splice(0).map((server) => server.close()));
    await leaveStaleSocket(join(home, 'app.sock'));
    expect(await canAttach()).toBe(false);
    await serve();
    expect(await canAttach()).toBe(true);
  });

  test.runIf(process.getuid?.() === 0)('does not use what another user has left in the data folder', async () => {
    await leaveStaleSocket(join(home, 'app.sock'));
    await chown(join(home, 'app.sock'), 12_345, 12_345);
    await expect(findSocket(home)).rejects.toMatchObject({ problem: { code: 'app.socket' } });
    expect(await canAttach()).toBe(false);
    await expect(acceptTerminals(app, { home, frontEnd: 'desktop' })).rejects.toMatchObject({
      problem: { code: 'app.socket' },
    });
  });

  test('ignores a broken pointer', async () => {
    await writeFile(join(home, 'app.sock.json'), '{"version":1,"path":');
    expect(await canAttach()).toBe(false);
    await serve();
    expect(await canAttach()).toBe(true);
  });
});

/** The socket of a process that was killed. */
async function leaveStaleSocket(path: string): Promise<void> {
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  try {
    execFileSync(process.execPath, ['-e', program], { stdio: 'ignore' });
  } catch {
    // it was killed
  }
  await stat(path);
}
