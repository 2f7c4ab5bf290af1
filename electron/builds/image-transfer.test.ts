import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Failure, fail } from '../../shared/problem.ts';
import type { BuildResult } from '../engines/engine.ts';
import { ImageStore } from '../images/image-store.ts';
import type { ReceivedImage } from '../images/manifest.ts';
import { createReceiver, type Receiver } from '../images/receiver/receiver.ts';
import { platform } from '../images/testing/sample-image.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import { transferImage } from './image-transfer.ts';
import { SharedPortForwards } from './shared-port-forwards.ts';
import { fakeNode } from './testing/fake-node.ts';

const arm64 = platform('linux/arm64');
const refused = fail('engine.refused', 'podman could not push the image.', 'Look at it.');

let folder: string;
let store: ImageStore;
let receiver: Receiver;
let methods: string[];
let isExported: boolean;
let exportFailure: Failure;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-transfer-'));
  store = await ImageStore.open(join(folder, 'images'));
  receiver = createReceiver(store);
  methods = [];
  isExported = false;
  exportFailure = fail('engine.refused', 'Exported.', 'Look at it.');
});
afterEach(async () => {
  await receiver.close();
  await store.close();
  await rm(folder, { recursive: true });
});

/** Transfers an image. @param arrived what has arrived when the push ends */
async function transfer(
  arrived: ReceivedImage | undefined,
  { signal, push }: { signal: AbortSignal; push: () => Promise<BuildResult> },
  lost = new AbortController().signal,
): Promise<ReceivedImage> {
  const node = fakeNode('pi4', lost);
  let rejectReceived: ((reason: unknown) => void) | undefined;
  const connection: NodeConnection = {
    ...node,
    transport: { ...node.transport, forwardPort: async (_, port) => ({ port, close: async () => undefined }) },
  };
  const received = arrived ? Promise.resolve(arrived) : new Promise<never>((_, reject) => (rejectReceived = reject));
  const close = async () => rejectReceived?.(fail('image.incomplete', 'Nothing came.', 'Build it again.'));
  const admission = { username: 'u', password: 'p', tag: 't', received, image: arrived, close };
  const lease = await store.createLease('build');
  try {
    return await transferImage({
      connection,
      store,
      receiver: { ...receiver, admit: () => admission },
      portForwards: new SharedPortForwards(receiver.server),
      lease,
      source: {
        push,
        export: () => {
          isExported = true;
          return Promise.reject(exportFailure);
        },
      },
      tag: '1',
      format: 'oci',
      platform: arm64,
      repository: 'barnraiser/p',
      onBytes: () => undefined,
      onMethod: (method) => methods.push(method),
      onLogLine: () => undefined,
      signal,
    });
  } finally {
    await lease.release();
  }
}

const digest = `sha256:${'a'.repeat(64)}` as const;
const image: ReceivedImage = {
  platform: arm64,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest,
  manifestSize: 1,
  config: { digest, mediaType: 'application/vnd.oci.image.config.v1+json', size: 1 },
  layers: [],
  size: 1,
  attachments: [],
};
const { signal } = new AbortController();

test('an image that was received completely is used, although its push ends with an error', async () => {
  const push = () => Promise.reject(refused);
  expect(await transfer(image, { signal, push })).toBe(image);
  expect(methods).toEqual(['push']);
  expect(isExported).toBe(false);
});

test('an image that was received completely is used, although its node is lost before the push ends', async () => {
  const loss = new AbortController();
  const push = async () => {
    loss.abort(fail('ssh.lost', 'Node pi4 was lost.', 'Look at it.'));
    throw loss.signal.reason;
  };
  expect(await transfer(image, { signal: loss.signal, push }, loss.signal)).toBe(image);
});

test('an image that was received completely is not used after a cancel', async () => {
  const cancel = new AbortController();
  const push = async () => {
    cancel.abort(fail('build.cancelled', 'Cancelled.', 'Start it again.'));
    throw cancel.signal.reason;
  };
  await expect(transfer(image, { signal: cancel.signal, push })).rejects.toMatchObject({
    problem: { code: 'build.cancelled' },
  });
});

test('an image whose push ends with an error before it was received is exported', async () => {
  const push = () => Promise.reject(refused);
  await expect(transfer(undefined, { signal, push })).rejects.toThrow('Exported.');
  expect(methods).toEqual(['push', 'export']);
});

test('an image that has not arrived although its push ended without an error is exported, once', async () => {
  exportFailure = fail('image.corrupt', 'Damaged.', 'Build it again.');
  await expect(transfer(undefined, { signal, push: async () => ({ imageId: 'x' }) })).rejects.toThrow('Damaged.');
  expect(methods).toEqual(['push', 'export']);
});

test('an image that cannot be pushed and arrives damaged is exported again, once', async () => {
  exportFailure = fail('image.corrupt', 'Damaged.', 'Build it again.');
  const push = () => Promise.reject(refused);
  await expect(transfer(undefined, { signal, push })).rejects.toThrow('Damaged.');
  expect(methods).toEqual(['push', 'export', 'export']);
});

test('a transfer is not repeated if another one would fail, too', async () => {
  const push = () => Promise.reject(fail('image.platform', 'It is for another platform.', 'Correct it.'));
  await expect(transfer(undefined, { signal, push })).rejects.toThrow('It is for another platform.');
  expect(methods).toEqual(['push']);
});
