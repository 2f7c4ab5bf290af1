import type { MenuItemConstructorOptions } from 'electron';
import { expect, it } from 'vitest';
import type { Build } from '../../shared/build.ts';
import { problemOf } from '../../shared/problem.ts';
import { sampleBuild } from '../builds/testing/sample-build.ts';
import { type RecentBuild, type TrayActions, type TrayState, trayMenu, trayToolTip } from './tray-menu.ts';

const done: string[] = [];
const actions: TrayActions = {
  show: (route) => void done.push(`show ${route ?? ''}`),
  buildAgain: (id) => void done.push(`again ${id}`),
  setPaused: (isPaused) => void done.push(isPaused ? 'pause' : 'resume'),
  quit: () => void done.push('quit'),
};
const menu = (state: Partial<TrayState> = {}): MenuItemConstructorOptions[] =>
  trayMenu({ running: [], nodes: [], ...state }, actions);
const labels = (items: readonly MenuItemConstructorOptions[]) => items.map(({ label, type }) => label ?? type);
const down = (connection: string) => ({ state: 'down' as const, connection, problem: problemOf(new Error('gone')) });
const never = (connection: string) => ({ ...down(connection), neverReached: true as const });
const recent = (id: string, reference: string, status: RecentBuild['status'] = 'done'): RecentBuild => ({
  ...{ id, reference, project: '/p', status },
});
const submenuOf = ({ submenu }: MenuItemConstructorOptions) => (Array.isArray(submenu) ? submenu : []);

function choose(items: readonly MenuItemConstructorOptions[]): string[] {
  done.length = 0;
  for (const item of items) {
    (item.click as (() => void) | undefined)?.();
  }
  return [...done];
}

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
  const items = menu({ running: [build], recent: [recent('b1', 'api:1.4')], nodes: [down('pi 4')] });
  expect(labels(items)).toEqual([
    'Open Barnraiser',
    'separator',
    expect.stringMatching(/^.+: \d+ of \d+ platforms? done, \d+ %$/),
    'Build api:1.4 again',
    'separator',
    '0 of 1 node up',
    '○ pi 4 (down)',
    'separator',
    'Quit Barnraiser',
  ]);
  expect(choose(items)).toEqual(['show ', `show #/build/${build.id}`, 'again b1', 'show #/connections/pi%204', 'quit']);
});

it('says how far a build is, what failed, and that it is being cancelled', () => {
  const template = sampleBuild('b2', 'running');
  const withJobs = (...statuses: Build['jobs'][number]['status'][]): Build => ({
    ...template,
    jobs: statuses.flatMap((status) => template.jobs.slice(0, 1).map((job) => ({ ...job, status, steps: [] }))),
  });
  const labelOf = (build: Build) => menu({ running: [build] })[2]?.label;
  expect(labelOf(withJobs('done', 'failed', 'transferring', 'queued'))).toMatch(
    /: 1 of 4 platforms done, 1 failed, 71 %$/,
  );
  expect(labelOf(withJobs('cancelling', 'done'))).toMatch(/: cancelling$/);
});

it('offers the newest build of each project and reference again', () => {
  const items = menu({
    recent: [
      recent('b5', 'r.example.com/api:2'),
      recent('b4', 'r.example.com/api:1', 'failed'),
      recent('b3', 'r.example.com/api:2'),
      recent('b2', 'web:1'),
    ],
  });
  const more = items.find(({ label }) => label === 'Build again');
  expect(labels(items)).toContain('Build r.example.com/api:2 again');
  expect(labels(submenuOf(more ?? {}))).toEqual(['api:1 (failed)', 'web:1']);
  expect(choose(submenuOf(more ?? {}))).toEqual(['again b4', 'again b2']);
});

it('pauses and resumes all builds where they can be paused', () => {
  const pause = (isPaused: boolean) => menu({ isPaused }).filter(({ id }) => id === 'pause');
  expect(labels(pause(false))).toEqual(['Pause all builds']);
  expect(labels(pause(true))).toEqual(['Resume all builds']);
  expect([...choose(pause(false)), ...choose(pause(true))]).toEqual(['pause', 'resume']);
});

it('stays short with many builds and nodes, and shows first what is wrong', () => {
  const nodes = [...Array.from({ length: 49 }, (_, index) => never(`n${index}`)), down('gone')];
  const running = Array.from({ length: 25 }, (_, index) => sampleBuild(`b${index}`, 'running'));
  const items = menu({ nodes, running });
  expect(labels(items)).toContain('40 more nodes');
  expect(labels(items)).toContain('15 more builds');
  expect(items.length).toBeLessThan(30);
  const first = items.findIndex(({ label }) => label === '0 of 50 nodes up') + 1;
  expect(items[first]?.label).toBe('○ gone (down)');
});

it('counts running builds where the pointer is on the icon', () => {
  expect(trayToolTip({ running: [], nodes: [never('x')] })).toBe('Barnraiser');
  expect(trayToolTip({ running: [sampleBuild('b2', 'running')], nodes: [down('x')] })).toMatch(
    /^Barnraiser: 1 build running, \d+ %; 1 node not up$/,
  );
  expect(trayToolTip({ running: [], nodes: [], isPaused: true })).toBe('Barnraiser: builds are paused');
});
