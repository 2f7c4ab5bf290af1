import type { MenuItemConstructorOptions } from 'electron';
import { expect, it } from 'vitest';
import { problemOf } from '../../shared/problem.ts';
import { sampleBuild } from '../builds/testing/sample-build.ts';
import { type TrayActions, type TrayState, trayMenu, trayToolTip } from './tray-menu.ts';

const done: string[] = [];
const actions: TrayActions = {
  show: (route) => void done.push(`show ${route ?? ''}`),
  buildAgain: (id) => void done.push(`again ${id}`),
  quit: () => void done.push('quit'),
};
const menu = (state: Partial<TrayState> = {}): MenuItemConstructorOptions[] =>
  trayMenu({ running: [], nodes: [], ...state }, actions);
const labels = (items: readonly MenuItemConstructorOptions[]) => items.map(({ label, type }) => label ?? type);
const down = (connection: string) => ({ state: 'down' as const, connection, problem: problemOf(new Error('gone')) });

it('says that nothing runs', () => {
  expect(labels(menu())).toEqual([
    'Open Barnraiser',
    'separator',
    'No builds are running',
    'separator',
    'Quit Barnraiser',
  ]);
});

it('shows running builds, the last build and the nodes, and opens them', () => {
  const build = sampleBuild('b2', 'running');
  const items = menu({ running: [build], last: { id: 'b1', reference: 'api:1.4' }, nodes: [down('pi 4')] });
  expect(labels(items)).toEqual([
    'Open Barnraiser',
    'separator',
    expect.stringMatching(/^.+: \d+ of \d+ platforms? done$/),
    'Build api:1.4 again',
    'separator',
    '○ pi 4 (not reachable)',
    'separator',
    'Quit Barnraiser',
  ]);
  done.length = 0;
  for (const item of items) {
    (item.click as (() => void) | undefined)?.();
  }
  expect(done).toEqual(['show ', `show #/build/${build.id}`, 'again b1', 'show #/connections/pi%204', 'quit']);
});

it('stays short with many nodes', () => {
  const items = menu({ nodes: Array.from({ length: 50 }, (_, index) => down(`n${index}`)) });
  expect(labels(items)).toContain('40 more nodes');
  expect(items.length).toBeLessThan(20);
});

it('counts running builds where the pointer is on the icon', () => {
  expect(trayToolTip({ running: [] })).toBe('Barnraiser');
  expect(trayToolTip({ running: [sampleBuild('b2', 'running')] })).toBe('Barnraiser: 1 build running');
});
