import { expect, test } from 'vitest';
import type { ManifestList } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { outcomeOfInterrupted } from './interrupted-build.ts';
import { arm64, sampleBuild, sampleJob } from './testing/sample-build.ts';

const digest = `sha256:${'a'.repeat(64)}` as const;
const done = sampleBuild('b1', 'running', { jobs: [sampleJob({ status: 'done', digest })] });
const list: ManifestList = {
  reference: 'api:1',
  digest: `sha256:${'b'.repeat(64)}`,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  createdAt: '2026-01-02T03:04:06.000Z',
  entries: [{ platform: arm64, digest, size: 1, mediaType: 'application/vnd.oci.image.manifest.v1+json', layers: [] }],
};
const unknown = (): Promise<never> => Promise.reject(fail('image.unknown', 'There is no image.', 'Build it.'));

test('a build whose manifest list is stored is done, even if its end was not recorded', async () => {
  expect(await outcomeOfInterrupted(done, async () => list)).toEqual({ ...done, status: 'done', list });
});

test('a build without a stored list, or with that of another build, was interrupted', async () => {
  const [entry] = list.entries;
  const others = { ...list, entries: entry ? [{ ...entry, digest: list.digest }] : [] };
  for (const findList of [unknown, async () => others]) {
    const outcome = await outcomeOfInterrupted(done, findList);
    expect(outcome).toMatchObject({ status: 'interrupted', problem: { code: 'build.incomplete' } });
    expect(outcome.jobs[0]).toMatchObject({ status: 'done' });
  }
});

test('unfinished jobs of an interrupted build were interrupted', async () => {
  const outcome = await outcomeOfInterrupted(sampleBuild('b1', 'running'), async () => list);
  expect(outcome.jobs[0]).toMatchObject({ status: 'interrupted' });
  expect(outcome.jobs[0]).not.toHaveProperty('problem');
});

test('a build that was still being pushed was interrupted, and its image is stored', async () => {
  const names = { id: 'p', reference: 'api:1', destination: 'registry.example.com/api:1', images: [] };
  const push = { ...names, status: 'running', totalBytes: 0, uploadedBytes: 0, skippedBytes: 0 } as const;
  const pushing = { ...done, request: { ...done.request, push: { tlsVerify: true } }, push: { ...push, images: [] } };
  const outcome = await outcomeOfInterrupted(pushing, async () => list);
  expect(outcome).toMatchObject({ status: 'interrupted', list, push: { status: 'cancelled' } });
  // its push had ended
  for (const status of ['done', 'failed'] as const) {
    const pushed = { ...pushing, push: { ...pushing.push, status } };
    expect(await outcomeOfInterrupted(pushed, async () => list)).toMatchObject({ status: 'done', push: { status } });
  }
});

test('a build whose list is stored without an optional platform is done without it', async () => {
  const amd64 = 'linux/amd64' as typeof arm64;
  const failed = sampleJob({ status: 'failed', platform: amd64 });
  const both = { ...done, jobs: [...done.jobs, failed] };
  const optional = { ...both, request: { ...both.request, optionalPlatforms: [amd64] } };
  expect(await outcomeOfInterrupted(optional, async () => list)).toMatchObject({ status: 'done', missing: [amd64] });
  expect(await outcomeOfInterrupted(both, async () => list)).toMatchObject({ status: 'interrupted' });
});
