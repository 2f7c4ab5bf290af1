import { expect, it } from 'vitest';
import type { Push } from '../../../shared/push.ts';
import { sample } from '../../testing/fixture-data.ts';
import { headlineOf } from './headline.ts';

it('says of a build that has succeeded why an image is for another platform', () => {
  const build = sample.done();
  expect(headlineOf(build).detail).toBeUndefined();
  const mismatch = 'The image for linux/arm64 is built on base:1, which is for linux/amd64.';
  const jobs = build.jobs.map((job) => (job.platform === 'linux/arm64' ? { ...job, mismatch } : job));
  expect(headlineOf({ ...build, jobs }).detail).toBe(mismatch);
});

it('says that only the push goes on, and that only the push failed', () => {
  const build = sample.done();
  const push: Push = {
    id: 'p',
    buildId: build.id,
    reference: build.reference,
    destination: 'registry.example.com/team/api:1.4',
    status: 'running',
    totalBytes: 3_000_000,
    uploadedBytes: 1_000_000,
    skippedBytes: 0,
    images: [],
  };
  expect(headlineOf({ ...build, status: 'running', push })).toEqual({
    text: 'Pushing to registry.example.com/team/api:1.4',
    detail: '1.0 MB of 3.0 MB',
  });
  expect(headlineOf({ ...build, push: { ...push, status: 'failed' } }).text).toMatch(/, but did not push it\.$/);
  const { list: _, ...direct } = build;
  expect(headlineOf({ ...direct, status: 'failed', push: { ...push, status: 'failed', direct: true } }).text).toBe(
    'All platforms are built, but the image was not pushed.',
  );
});
