import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PushRecord } from '../../shared/push.ts';
import { Events } from '../events.ts';
import { ImageStore } from '../images/image-store.ts';
import { addSampleImage, sampleImage } from '../images/testing/sample-image.ts';
import { BlobLocations } from './blob-locations.ts';
import { PushHistory } from './push-history.ts';
import { Pushes } from './pushes.ts';
import { FakeRegistry, respond } from './testing/fake-registry.ts';

let home: string;
let store: ImageStore;
let registry: FakeRegistry;
let history: PushHistory;
let pushes: Pushes;
let finished: (id: string) => Promise<void>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'pushes-'));
  store = await ImageStore.open(join(home, 'images'));
  registry = await FakeRegistry.start();
  history = new PushHistory(home);
  const events = new Events();
  const locations = new BlobLocations(home);
  pushes = new Pushes({ store, events, locations, record: (record) => history.add(record) });
  finished = (id) =>
    new Promise((resolve) => {
      events.subscribe((event) => {
        if (event.event === 'push.finished' && event.push.id === id) {
          resolve();
        }
      });
    });
  const lease = await store.createLease('test');
  await store.commit('api:1', [await addSampleImage(store, lease, sampleImage('linux/amd64'))]);
  await lease.release();
});
afterEach(async () => {
  await pushes.close();
  await store.close();
  await registry.stop();
  await rm(home, { recursive: true });
});

async function push(destination: string) {
  const { id } = await pushes.start({ reference: 'api:1', destination, tlsVerify: false });
  await finished(id);
  return pushes.list().find((each) => each.id === id);
}

test('a push that is done is in the history, one that failed is not', async () => {
  const destination = `${registry.host}/team/api:1`;
  const done = await push(destination);
  const { digest } = await store.find('api:1');
  expect(done).toMatchObject({ status: 'done', digest });
  registry.fault = (_request, response) => {
    respond(response, 404);
    return true;
  };
  expect(await push(`${registry.host}/other/api:1`)).toMatchObject({ status: 'failed' });
  expect(await history.list()).toEqual([
    { reference: 'api:1', destination, digest, at: expect.any(String), tlsVerify: false },
  ]);
  expect((await stat(join(home, 'pushes.json'))).mode & 0o077).toBe(0);
});

test('a history that cannot be written does not make a push fail', async () => {
  await writeFile(join(home, 'pushes.json'), '{broken');
  expect(await push(`${registry.host}/team/api:1`)).toMatchObject({ status: 'done' });
  expect(await readFile(join(home, 'pushes.json'), 'utf8')).toBe('{broken');
});

test('nothing is pushed after it was closed', async () => {
  await pushes.close();
  const start = pushes.start({ reference: 'api:1', destination: `${registry.host}/api:1`, tlsVerify: false });
  await expect(start).rejects.toMatchObject({ problem: { code: 'call.cancelled' } });
  expect(registry.log).toEqual([]);
});

test('lists no more than the last pushes', async () => {
  registry.fault = (_request, response) => {
    respond(response, 404);
    return true;
  };
  for (let number = 0; number < 103; number += 1) {
    await push(`${registry.host}/api:${number}`);
  }
  expect(pushes.list().length).toBeLessThan(103);
  expect(pushes.list()[0]?.destination).toBe(`${registry.host}/api:102`);
});

test('the history has the newest push of each reference to each destination, and an end', async () => {
  const record = (reference: string, at: string): PushRecord => ({
    reference,
    destination: `registry.example.com/${reference}`,
    digest: `sha256:${'1'.repeat(64)}`,
    at,
  });
  await history.add(record('api:1', 'early'));
  await history.add(record('web:1', 'later'));
  await history.add(record('api:1', 'last'));
  expect((await history.list()).map(({ reference, at }) => `${reference} ${at}`)).toEqual([
    'api:1 last',
    'web:1 later',
  ]);
  for (let number = 0; number < 205; number += 1) {
    await history.add(record(`tag:${number}`, 'now'));
  }
  expect(await history.list()).toHaveLength(200);
});

describe('a push of blobs that another repository of the registry has', () => {
  const uploads = () => registry.requests.filter(({ method, path }) => method === 'POST' && path.includes('uploads'));
  const moveBlobs = (repository: string): void => {
    registry.mountable.set(repository, new Map(registry.blobs));
    registry.blobs.clear();
    registry.requests.length = 0;
  };

  test('mounts them instead of sending them', async () => {
    await push(`${registry.host}/team/api:1`);
    moveBlobs('team/api');
    const mounted = await push(`${registry.host}/team/web:1`);
    expect(mounted).toMatchObject({ status: 'done', uploadedBytes: 0, skippedBytes: mounted?.totalBytes });
    expect(uploads().every(({ path }) => path.includes('from=team%2Fapi'))).toBe(true);
    expect(registry.log.filter((line) => line.startsWith('PUT') && line.includes('uploads'))).toEqual([]);
    expect(registry.manifests.has('1')).toBe(true);
    // a mount answers as fast as a question, and what refers to it is new
    expect(registry.requests.filter(({ method }) => method === 'HEAD').map(({ path }) => path)).toEqual([
      '/v2/team/web/manifests/1',
    ]);
  });

  test('does not send what the repository has although neither this nor the other was known to have it', async () => {
    await push(`${registry.host}/team/api:1`);
    registry.mountable.set('team/api', new Map());
    registry.requests.length = 0;
    expect(await push(`${registry.host}/team/web:1`)).toMatchObject({ status: 'done', uploadedBytes: 0 });
    expect(registry.log.filter((line) => line.startsWith('PUT') && line.includes('uploads'))).toEqual([]);
    expect(registry.uploads.size).toBe(0);
  });

  test('sends them in the upload that a refused mount starts, and does not ask for them again', async () => {
    await push(`${registry.host}/team/api:1`);
    moveBlobs('team/api');
    registry.mountable.get('team/api')?.clear();
    expect(await push(`${registry.host}/team/web:1`)).toMatchObject({ status: 'done', skippedBytes: 0 });
    expect(uploads()).toHaveLength(3);
    registry.blobs.clear();
    await push(`${registry.host}/team/third:1`);
    expect(registry.requests.filter(({ path }) => path.includes('from=team%2Fapi'))).toHaveLength(3);
  });

  test('tries every repository that may have them, and leaves no upload behind', async () => {
    await push(`${registry.host}/team/api:1`);
    moveBlobs('team/api');
    await push(`${registry.host}/team/web:1`);
    registry.blobs.clear();
    registry.mountable.set('team/web', new Map());
    expect(await push(`${registry.host}/team/third:1`)).toMatchObject({ status: 'done', uploadedBytes: 0 });
    expect(registry.uploads.size).toBe(0);
  });

  test.each([401, 403, 404, 405, 500])('sends them if the mount is refused with %i', async (status) => {
    await push(`${registry.host}/team/api:1`);
    moveBlobs('team/api');
    registry.fault = (_request, response, { path }) => {
      if (path.includes('from=')) {
        respond(response, status, status === 401 ? { 'www-authenticate': 'Basic realm="x"' } : {});
      }
      return path.includes('from=');
    };
    expect(await push(`${registry.host}/team/web:1`)).toMatchObject({ status: 'done', skippedBytes: 0 });
  });

  test('asks for one token that may read the other repository, and does without it', async () => {
    await push(`${registry.host}/team/api:1`);
    moveBlobs('team/api');
    const scopes: string[][] = [];
    const realm = `Bearer realm="${registry.origin}/token",service="x"`;
    let isStrict = false;
    registry.fault = (request, response, { path }) => {
      if (path.startsWith('/token')) {
        const asked = new URL(path, registry.origin).searchParams.getAll('scope');
        scopes.push(asked);
        respond(response, isStrict && asked.length > 1 ? 403 : 200, {}, JSON.stringify({ token: 't' }));
        return true;
      }
      const isUnknown = request.headers.authorization !== 'Bearer t' || (isStrict && path.includes('from='));
      if (isUnknown) {
        respond(response, 401, { 'www-authenticate': realm });
      }
      return isUnknown;
    };
    expect(await push(`${registry.host}/team/web:1`)).toMatchObject({ status: 'done', uploadedBytes: 0 });
    expect(scopes).toEqual([['repository:team/web:pull,push', 'repository:team/api:pull']]);
    registry.blobs.clear();
    isStrict = true;
    const third = await push(`${registry.host}/team/third:1`);
    expect(third).toMatchObject({ status: 'done', uploadedBytes: third?.totalBytes });
  });
});
