import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BaseCheckInterval } from '../../shared/base-image.ts';
import type { Build } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { newerBases } from '../../shared/newer-bases.ts';
import { platformParts } from '../../shared/platform.ts';
import { sampleBuild, sampleJob } from '../builds/testing/sample-build.ts';
import { Events } from '../events.ts';
import { digestOf } from '../images/digest.ts';
import { mediaTypes } from '../images/manifest.ts';
import { platform, type SampleImage, sampleImage } from '../images/testing/sample-image.ts';
import { FakeRegistry } from '../registry/testing/fake-registry.ts';
import { BaseImageWatch } from './base-images.ts';

let folder: string;
let registry: FakeRegistry;
let builds: Build[];
let events: AppEvent[];
let interval: BaseCheckInterval;
const watches: BaseImageWatch[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bases-'));
  registry = await FakeRegistry.start();
  [builds, events, interval] = [[], [], 'daily'];
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(watches.splice(0).map((watch) => watch.close()));
  await registry.stop();
  await rm(folder, { recursive: true });
});

function open({ isWatching = false } = {}): BaseImageWatch {
  const bus = new Events();
  bus.subscribe((event) => events.push(event));
  const watch = new BaseImageWatch({
    ...{ folder, events: bus, isWatching, interval: async () => interval },
    builds: {
      list: async () => ({ entries: builds, total: builds.length }) as never,
      get: async (id) => builds.find((build) => build.id === id) ?? Promise.reject(new Error(id)),
    },
    access: (signal) => (given) => ({
      ...given,
      ...{ signal, wait: async () => {} },
      credentials: { env: {}, home: folder, platform: 'linux', uid: 1, root: folder },
    }),
  });
  watches.push(watch);
  return watch;
}

const base = (tag = '1') => `${registry.host}/base:${tag}`;
const signal = new AbortController().signal;
const list = (check: boolean) => open().list({ check }, signal);

/** What the registry has for a tag from now on. @returns the digests of the list and of its images */
function serve(tag: string, ...images: readonly SampleImage[]) {
  const manifests = images.map(({ manifest, mediaType, platform: own }) => ({
    ...{ mediaType, digest: digestOf(manifest), size: manifest.length, platform: platformParts(own) },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  registry.manifests.set(tag, { mediaType: mediaTypes.ociIndex, bytes });
  return { digest: digestOf(bytes), images: manifests.map(({ digest }) => digest) };
}

/** A build that is done and has used base images. */
function built(id: string, reference: string, bases: Record<string, string>, platforms = ['linux/arm64']): void {
  const jobs = platforms.map((name) => ({
    ...sampleJob({ platform: platform(name), status: 'done' }),
    materials: { bases },
  }));
  builds.unshift(sampleBuild(id, 'done', { reference, jobs: jobs as Build['jobs'] }));
}

test('is newer only if neither the list nor the image of the platform is what the build has used', async () => {
  const [amd64, arm64] = [sampleImage('linux/amd64'), sampleImage('linux/arm64')];
  const first = serve('1', amd64, arm64);
  built('b-list', 'api:1', { [base()]: first.digest });
  built('b-image', 'app:1', { [base()]: first.images[1] ?? '' });
  const before = await list(true);
  expect(before.bases).toMatchObject([{ name: base(), status: 'current', digest: first.digest }]);

  serve('1', sampleImage('linux/amd64'), arm64);
  const { bases } = await list(true);
  // what a list of docker was is not known any more, but its image is the same
  expect(bases[0]?.uses.find(({ reference }) => reference === 'app:1')?.platforms).toMatchObject([{ isNewer: false }]);

  const last = serve('1', sampleImage('linux/amd64'), sampleImage('linux/arm64'));
  const after = await list(true);
  expect(after.bases).toMatchObject([{ status: 'newer', digest: last.digest }]);
  expect(newerBases(after, 'b-image')).toEqual([base()]);
  expect(await list(false)).toEqual(after);
});

test('is found for the newest build of each image, and one that is named by its digest never changes', async () => {
  const now = serve('1', sampleImage('linux/arm64'));
  const old = digestOf(Buffer.from('old'));
  built('b-old', 'api:1', { [base()]: old });
  built('b-new', 'api:1', { [base()]: now.digest });
  const pinned = `${registry.host}/base@${old}`;
  built('b-pinned', 'pinned:1', { [pinned]: old });
  expect((await list(true)).bases).toMatchObject([
    { name: base(), status: 'current', uses: [{ build: 'b-new' }] },
    { name: pinned, status: 'pinned' },
  ]);
  expect(registry.requests.every(({ path }) => !path.includes(old))).toBe(true);
});

test('that a registry does not have or does not tell is unknown, with the reason, and others are found', async () => {
  const now = serve('1', sampleImage('linux/arm64'));
  built('b-1', 'api:1', { [base()]: now.digest, [base('gone')]: now.digest });
  const { bases, checkedAt } = await list(true);
  expect(bases).toMatchObject([
    { name: base(), status: 'current' },
    { name: base('gone'), status: 'unknown', problem: { code: 'image.unknown' } },
  ]);
  registry.fault = (_request, response) => {
    response.writeHead(500).end();
    return true;
  };
  // without an answer of any registry, what was known stays known
  expect((await list(true)).bases).toMatchObject([{ problem: {} }, { problem: {} }]);
  expect(await list(false)).toMatchObject({ checkedAt, bases: [{ status: 'current' }, {}] });
});

test('is newer for a schedule if nothing was built yet, and not if no registry can be asked', async () => {
  const now = serve('1', sampleImage('linux/arm64'));
  const watch = open();
  expect(await watch.hasNewer('api:1', signal)).toBe(true);
  built('b-1', 'api:1', { [base()]: now.digest });
  expect(await watch.hasNewer('api:1', signal)).toBe(false);
  serve('1', sampleImage('linux/arm64'));
  expect(await watch.hasNewer('api:1', signal)).toBe(true);
  registry.manifests.clear();
  expect(await watch.hasNewer('api:1', signal)).toBe(false);
});

test('is asked for daily by one process, and reported once for each new digest', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  const first = serve('1', sampleImage('linux/arm64'));
  built('b-1', 'api:1', { [base()]: first.digest });
  [open({ isWatching: true }), open({ isWatching: true })];
  const named = (name: AppEvent['event']) => events.filter(({ event }) => event === name);
  const hour = 3_600_000;
  vi.advanceTimersByTime(hour / 2);
  await vi.waitFor(() => expect(named('bases.changed')).toHaveLength(1));
  expect(named('bases.newer')).toEqual([]);

  serve('1', sampleImage('linux/arm64'));
  vi.advanceTimersByTime(22 * hour);
  expect(named('bases.changed')).toHaveLength(1);
  vi.advanceTimersByTime(3 * hour);
  await vi.waitFor(() => expect(named('bases.newer')).toHaveLength(1));
  expect(named('bases.newer')).toEqual([
    { event: 'bases.newer', names: [base()], references: ['api:1'], builds: ['b-1'] },
  ]);

  vi.advanceTimersByTime(25 * hour);
  await vi.waitFor(() => expect(named('bases.changed')).toHaveLength(3));
  expect(named('bases.newer')).toHaveLength(1);

  interval = 'off';
  vi.advanceTimersByTime(500 * hour);
  await Promise.all(watches.splice(0).map((watch) => watch.close()));
  expect(named('bases.changed')).toHaveLength(3);
});

test('is asked for again after an hour if no registry has answered', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  const now = serve('1', sampleImage('linux/arm64'));
  built('b-1', 'api:1', { [base()]: now.digest });
  registry.fault = (_request, response) => {
    response.writeHead(503).end();
    return true;
  };
  open({ isWatching: true });
  const answers = () => events.filter(({ event }) => event === 'bases.changed').length;
  vi.advanceTimersByTime(900_000);
  await vi.waitFor(() => expect(answers()).toBe(1));
  registry.fault = () => false;
  vi.advanceTimersByTime(4_500_000);
  await vi.waitFor(() => expect(answers()).toBe(2));
  expect((await list(false)).bases).toMatchObject([{ status: 'current' }]);
});
