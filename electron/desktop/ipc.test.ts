import { EventEmitter } from 'node:events';
import { beforeEach, expect, it, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import type { AppApi } from '../page/app-api.ts';
import { channels } from './channels.ts';
import { servePages } from './ipc.ts';

type Frame = { url: string; parent: object | null } | null;
type Handler = (event: { sender: Sender; senderFrame: Frame }, ...args: unknown[]) => unknown;

const handlers = vi.hoisted(() => new Map<string, Handler>());
vi.mock('electron', () => ({
  ipcMain: { handle: (channel: string, handler: Handler) => handlers.set(channel, handler) },
}));
vi.mock('electron-log/node', () => ({ default: { warn: () => undefined, error: () => undefined } }));

class Sender extends EventEmitter {
  url = 'app://barnraiser/#/builds';
  destroyed = false;
  readonly sent: unknown[] = [];
  isDestroyed = (): boolean => this.destroyed;
  getURL = (): string => this.url;
  send = (...args: unknown[]): void => void this.sent.push(args);
}

let receivedCalls: [string, unknown][];
let signals: AbortSignal[];
let listeners: Set<(event: AppEvent, seq: number) => void>;
const app: AppApi = {
  call: async (name, input, { signal } = {}) => {
    receivedCalls.push([name, input]);
    if (name === 'builds.preview') {
      signals.push(signal ?? expect.fail('no signal'));
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    }
    return name === 'builds.get'
      ? { ok: false, problem: fail('build.unknown', 'There is no build b9.', 'List them.').problem }
      : { ok: true, value: 'answer' };
  },
  subscribe: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

const page = { url: 'app://barnraiser/#/builds', parent: null };
let sender: Sender;
const invoke = (channel: string, senderFrame: Frame, ...args: unknown[]): unknown =>
  handlers.get(channel)?.({ sender, senderFrame }, ...args);
const call = (senderFrame: Frame, name: unknown, input: unknown): unknown =>
  invoke(channels.call, senderFrame, name, input, '1');

beforeEach(() => {
  receivedCalls = [];
  signals = [];
  listeners = new Set();
  sender = new Sender();
  servePages(app);
  invoke(channels.start, page);
});

it('returns results and problems of the app to the page', async () => {
  expect(await call(page, 'builds.list', {})).toEqual({ ok: true, value: 'answer' });
  expect(await call(page, 'builds.get', { id: 'b9' })).toMatchObject({ problem: { code: 'build.unknown' } });
  expect(receivedCalls).toEqual([
    ['builds.list', {}],
    ['builds.get', { id: 'b9' }],
  ]);
});

it('rejects calls from frames, other pages and closed pages without calling the app', async () => {
  for (const frame of [
    { ...page, parent: page },
    { url: 'https://elsewhere.example/', parent: null },
    { url: 'app://elsewhere/', parent: null },
    null,
  ]) {
    expect(await call(frame, 'builds.list', {})).toMatchObject({ ok: false, problem: { code: 'input.invalid' } });
  }
  expect(receivedCalls).toEqual([]);
});

it('rejects names that are not calls of the contract without calling the app', async () => {
  for (const name of ['builds.destroy', 'toString', '__proto__', 5, undefined]) {
    expect(await call(page, name, {})).toMatchObject({ ok: false, problem: { code: 'input.invalid' } });
  }
  expect(receivedCalls).toEqual([]);
});

it('cancels the call that the page names, and only that', async () => {
  const first = invoke(channels.call, page, 'builds.preview', {}, 'a');
  const second = invoke(channels.call, page, 'builds.preview', {}, 'b');
  invoke(channels.cancel, { url: 'https://elsewhere.example/', parent: null }, 'b');
  invoke(channels.cancel, page, 'a');
  await first;
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  invoke(channels.cancel, page, 'b');
  await second;
});

it('cancels the calls of a page that is reloaded or closed, and sends it no more events', async () => {
  const first = invoke(channels.call, page, 'builds.preview', {}, 'a');
  invoke(channels.start, page);
  await first;
  expect(listeners.size).toBe(1);
  const second = invoke(channels.call, page, 'builds.preview', {}, 'a');
  sender.emit('destroyed');
  await second;
  expect(listeners.size).toBe(0);
});

it('sends events with their numbers, and only to pages of the app', () => {
  const event: AppEvent = { event: 'question.closed', id: 'q1' };
  const emit = (seq: number): void => {
    for (const listener of listeners) {
      listener(event, seq);
    }
  };
  emit(1);
  sender.url = 'https://elsewhere.example/';
  emit(2);
  sender.url = page.url;
  sender.destroyed = true;
  emit(3);
  expect(sender.sent).toEqual([[channels.event, event, 1]]);
});
