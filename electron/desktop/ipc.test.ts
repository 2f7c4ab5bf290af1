import { beforeEach, expect, it, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import { channels } from './channels.ts';
import { answerCalls, type Callee, tellEvents } from './ipc.ts';

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

const asked: [string, unknown][] = [];
const listeners = new Set<(event: AppEvent) => void>();
const app: Callee = {
  call: async (name, input) => {
    asked.push([name, input]);
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
  asked.length = 0;
  answerCalls(app);
});

it('answers the page with what the app says, problems too', async () => {
  expect(await call(page, 'builds.list', {})).toEqual({ ok: true, value: 'answer' });
  expect(await call(page, 'builds.get', { id: 'b9' })).toMatchObject({ problem: { code: 'build.unknown' } });
  expect(asked).toEqual([
    ['builds.list', {}],
    ['builds.get', { id: 'b9' }],
  ]);
});

it('refuses frames, pages of elsewhere and pages that are gone before the app hears of it', async () => {
  for (const frame of [
    { ...page, parent: page },
    { url: 'https://elsewhere.example/', parent: null },
    { url: 'app://elsewhere/', parent: null },
    null,
  ]) {
    expect(await call(frame, 'builds.list', {})).toMatchObject({ ok: false, problem: { code: 'input.invalid' } });
  }
  expect(asked).toEqual([]);
});

it('refuses what is no call of the contract before the app hears of it', async () => {
  for (const name of ['builds.destroy', 'toString', '__proto__', 5, undefined]) {
    expect(await call(page, name, {})).toMatchObject({ ok: false, problem: { code: 'input.invalid' } });
  }
  expect(asked).toEqual([]);
});

it('tells events to the app’s pages only', () => {
  const told: unknown[] = [];
  const window = (url: string, destroyed = false) => ({
    webContents: {
      isDestroyed: () => destroyed,
      getURL: () => url,
      send: (...args: unknown[]) => told.push([url, ...args]),
    },
  });
  electron.windows = [window(page.url), window('https://elsewhere.example/'), window(page.url, true)];
  tellEvents(app);
  const event: AppEvent = { event: 'question.settled', id: 'q1' };
  for (const listener of listeners) {
    listener(event);
  }
  expect(told).toEqual([[page.url, channels.event, event]]);
});
