import { expect, it } from 'vitest';
import type { BuildEntry } from '../../shared/build-entry.ts';
import { dockMenu, jumpList, recentFolders } from './recent-projects.ts';

const entry = (project: string): BuildEntry => ({
  id: project,
  status: 'done',
  reference: 'api:1',
  project,
  createdAt: '2026-03-01T10:15:00.000Z',
  jobs: [],
});

it('has each project once, newest first, and no record without one', () => {
  expect(recentFolders(['/a', '/b', '', '/a', '/c'].map(entry))).toEqual(['/a', '/b', '/c']);
  expect(recentFolders(Array.from({ length: 30 }, (_, index) => entry(`/${index}`)))).toHaveLength(8);
});

it('opens a project from the dock', () => {
  const opened: string[] = [];
  const [item] = dockMenu(['/home/anna/my api'], (folder) => void opened.push(folder));
  expect(item?.label).toBe('Build my api');
  (item?.click as (() => void) | undefined)?.();
  expect(opened).toEqual(['/home/anna/my api']);
});

it('starts the program with the quoted folder from the taskbar', () => {
  const [category] = jumpList(['C:\\Users\\Anna\\my api', 'D:\\'], 'C:\\Barnraiser.exe');
  expect(category?.items?.map(({ title, args }) => [title, args])).toEqual([
    ['Build my api', '"C:\\Users\\Anna\\my api"'],
    ['Build D:', '"D:\\\\"'],
  ]);
  expect(jumpList([], 'C:\\Barnraiser.exe')).toEqual([]);
});
