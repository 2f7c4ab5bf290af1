import { expect, it } from 'vitest';
import type { Push } from '../../shared/contract.ts';
import { building, done, toTheEnd, underWay } from '../terminal/testing/recorded-build.ts';
import { quitQuestion } from './quit-question.ts';
import { Work } from './work.ts';

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

it('rises through a build and is nothing before and after it', () => {
  const work = new Work();
  const seen = [work.progress];
  for (const event of [...underWay, ...toTheEnd]) {
    work.hear(event);
    if (work.progress !== seen.at(-1)) {
      seen.push(work.progress);
    }
  }
  expect(seen[0]).toBeUndefined();
  expect(seen.at(-1)).toBeUndefined();
  const parts = seen.flatMap((part) => part ?? []);
  expect(parts.length).toBeGreaterThan(5);
  expect(parts).toEqual(parts.toSorted((a, b) => a - b));
  expect(parts[0]).toBe(0);
  expect(parts.at(-1)).toBe(1);
});

it('counts what a push need not upload as done', () => {
  const work = new Work();
  work.hear({ event: 'push.progress', push });
  expect(work.progress).toBe(0.75);
  work.hear({ event: 'push.finished', push: { ...push, status: 'done' } });
  expect(work.progress).toBeUndefined();
});

it('knows what quitting would cancel, and asks about nothing else', () => {
  const work = new Work();
  expect(quitQuestion(work)).toBeUndefined();
  work.hear({ event: 'build.started', build: building });
  expect(quitQuestion(work)?.message).toBe('1 build is running. Quit and cancel it?');
  work.hear({ event: 'build.started', build: { ...building, id: 'b2' } });
  expect(quitQuestion(work)?.message).toBe('2 builds are running. Quit and cancel them?');
  work.hear({ event: 'push.progress', push });
  work.hear({ event: 'build.finished', build: done });
  expect(quitQuestion(work)?.message).toBe('1 build and 1 push are running. Quit and cancel them?');
  work.hear({ event: 'build.finished', build: { ...done, id: 'b2' } });
  work.hear({ event: 'push.finished', push: { ...push, status: 'failed' } });
  expect(quitQuestion(work)).toBeUndefined();
});
