import { expect, it } from 'vitest';
import type { Push } from '../../shared/push.ts';
import { building, done, endEvents, startEvents } from '../terminal/testing/recorded-build.ts';
import { RunningWork } from './running-work.ts';

const push: Push = {
  id: 'p1',
  reference: 'api:1.4',
  destination: 'registry.example.com/api:1.4',
  status: 'running',
  totalBytes: 1000,
  uploadedBytes: 250,
  skippedBytes: 500,
  images: [],
};

it('has a progress that rises during a build, and none before and after', () => {
  const work = new RunningWork();
  const values = [work.progress];
  for (const event of [...startEvents, ...endEvents]) {
    work.update(event);
    if (work.progress !== values.at(-1)) {
      values.push(work.progress);
    }
  }
  expect(values[0]).toBeUndefined();
  expect(values.at(-1)).toBeUndefined();
  const parts = values.flatMap((part) => part ?? []);
  expect(parts.length).toBeGreaterThan(5);
  expect(parts).toEqual(parts.toSorted((a, b) => a - b));
  expect(parts[0]).toBe(0);
  expect(parts.at(-1)).toBe(1);
});

it('has neither a progress nor a question for builds of other processes, which go on without the app', () => {
  const work = new RunningWork();
  work.update({ event: 'build.started', build: building, ofOtherProcess: true });
  expect(work.progress).toBeUndefined();
  expect(work.quitQuestion).toBeUndefined();
});

it('counts skipped bytes of a push as done', () => {
  const work = new RunningWork();
  work.update({ event: 'push.progress', push });
  expect(work.progress).toBe(0.75);
  work.update({ event: 'push.finished', push: { ...push, status: 'done' } });
  expect(work.progress).toBeUndefined();
});

it('asks before quitting only if something runs', () => {
  const work = new RunningWork();
  expect(work.quitQuestion).toBeUndefined();
  work.update({ event: 'build.started', build: building });
  expect(work.quitQuestion?.message).toBe('1 build is running. Quit and cancel it?');
  work.update({ event: 'build.started', build: { ...building, id: 'b2' } });
  expect(work.quitQuestion?.message).toBe('2 builds are running. Quit and cancel them?');
  work.update({ event: 'push.progress', push });
  work.update({ event: 'build.finished', build: done });
  expect(work.quitQuestion?.message).toBe('1 build and 1 push are running. Quit and cancel them?');
  work.update({ event: 'build.finished', build: { ...done, id: 'b2' } });
  work.update({ event: 'push.finished', push: { ...push, status: 'failed' } });
  expect(work.quitQuestion).toBeUndefined();
});
