import { beforeEach, expect, it, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import type { AppApi } from '../page/app-api.ts';
import { channels } from './channels.ts';
import { forwardEvents, handleCalls } from './ipc.ts';

type Handler = (event: { senderFrame: { url: string; parent: object | null } | null }, ...args: unknown[]) => unknown;

const electron = vi.hoisted(() => ({
  handlers: new Map<string, Handler>(),
  windows: [] as { webContents: { isDestroyed(): boolean; getURL(): string; send(...args: unknown[]): void } }[],
}));
vi.mock('electron', () => ({
  ipcMain: { handle: (channel: string, handler: Handler) => electron.handlers.set(channel, handler) },
  BrowserWindow: { getAllWindows: () => electron.windows },
}));
vi.mock('electron-log/node', () => ({ default: { warn: () => undefined, error: () => undefined } }));

const receivedCalls: [string, unknown][] = [];
const listeners = new Set<(event: AppEvent) => void>();
const app: AppApi = {
  call: async (name, input) => {
    receivedCalls.push([name, input]);
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
const call = (senderFrame: Parameters<Handler>[0]['senderFrame'], ...args: unknown[]): unknown =>
  electron.handlers.get(channels.call)?.({ senderFrame }, ...args);

beforeEach(() => {
  receivedCalls.length = 0;
  handleCalls(app);
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

it('sends events only to the pages of the app', () => {
  const sent: unknown[] = [];
  const window = (url: string, destroyed = false) => ({
    webContents: {
      isDestroyed: () => destroyed,
      getURL: () => url,
      send: (...args: unknown[]) => sent.push([url, ...args]),
    },
  });
  electron.windows = [window(page.url), window('https://elsewhere.example/'), window(page.url, true)];
  forwardEvents(app);
  const event: AppEvent = { event: 'question.closed', id: 'q1' };
  for (const listener of listeners) {
    listener(event);
  }
  expect(sent).toEqual([[page.url, channels.event, event]]);
});
