import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BaseImageCheck } from '../engines/base-image.ts';
import { testInstructions } from '../engines/testing/engine-build.ts';
import { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import { addSampleImage, platform, sampleImage } from '../images/testing/sample-image.ts';
import { elfHeader, elfIdentities } from '../system/elf.ts';
import { checkPlatform } from './platform-check.ts';

let folder: string;
let store: ImageStore;
let lease: Lease;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-check-'));
  store = await ImageStore.open(join(folder, 'images'));
  lease = await store.createLease('test');
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

interface Input {
  readonly from?: string;
  /** The architecture of the image's only program. */
  readonly program?: string;
  /** The variant in its configuration. */
  readonly variant?: string;
  /** An engine's warning about the base image. */
  readonly warning?: string;
}

/** @returns the message of the failure, and what was logged */
async function check(name: string, { from = 'FROM scratch', program, variant, warning }: Input) {
  const archive = pack();
  if (program) {
    archive.entry({ name: 'app', mode: 0o755 }, elfHeader(elfIdentities[program] ?? expect.fail(program), 2));
  }
  archive.finalize();
  const wanted = platform(name);
  const [os, architecture] = wanted.split('/');
  const sample = sampleImage(name, {
    layers: [gzipSync(await buffer(archive))],
    ...(variant ? { config: { os, architecture, variant } } : {}),
  });
  const base = new BaseImageCheck({
    instructions: testInstructions(from),
    buildArgs: {},
    platform: wanted,
    nodePlatform: platform('linux/amd64'),
  });
  if (warning) {
    base.read({ kind: 'warning', text: warning, stepId: '0:1' });
  }
  const logged: string[] = [];
  const failure = await checkPlatform({
    store,
    image: await addSampleImage(store, lease, sample, [], { anyVariant: base.isScratch }),
    base,
    onLogLine: (text) => logged.push(text),
    signal: new AbortController().signal,
  });
  return { message: failure?.problem.message, logged };
}

const amd64Warning = 'image platform (linux/amd64) does not match the expected platform (linux/arm64)';

test('a foreign base image is named with its platform, and the build may allow it', async () => {
  expect(await check('linux/arm64', { from: 'FROM alpine:3', warning: amd64Warning })).toEqual({
    message: 'The image for linux/arm64 is built on alpine:3, which is for linux/amd64.',
    logged: [],
  });
  const asked = await check('linux/arm64', { from: 'FROM --platform=linux/amd64 alpine', program: 'amd64' });
  expect(asked.message).toMatch(/built on alpine, which is for linux\/amd64/);
});

test('programs decide against what is said of the base image, except of its variant', async () => {
  const from = 'FROM --platform=$BUILDPLATFORM static';
  expect((await check('linux/arm64', { from, program: 'arm64' })).message).toBeUndefined();
  const warning = 'image platform (linux/arm/v7) does not match the expected platform (linux/arm/v6)';
  expect((await check('linux/arm/v6', { from: 'FROM alpine', program: 'arm', warning })).message).toMatch(
    /built on alpine, which is for linux\/arm\/v7/,
  );
});

test('a program for another platform is named', async () => {
  expect((await check('linux/arm64', { program: 'amd64' })).message).toBe(
    'The image for linux/arm64 has a program for linux/amd64: /app.',
  );
  expect((await check('linux/arm64', { from: 'FROM base:1', program: 's390x' })).message).toBe(
    'The image for linux/arm64 has a program for linux/s390x: /app. It is built on base:1.',
  );
});

test('an image from scratch may have another variant in its configuration, which is logged', async () => {
  for (const name of ['linux/arm/v6', 'linux/arm/v5']) {
    const { message, logged } = await check(name, { program: 'arm', variant: 'v7' });
    expect(message).toBeUndefined();
    expect(logged).toEqual([
      `The engine wrote linux/arm/v7 into the image's configuration. The manifest list names ${name}, as asked: nothing in the image speaks against it.`,
    ]);
  }
  await expect(check('linux/arm/v6', { from: 'FROM alpine', variant: 'v7' })).rejects.toMatchObject({
    problem: { code: 'image.platform' },
  });
});

test('a variant that the architecture does not have says nothing', async () => {
  for (const name of ['linux/amd64', 'linux/amd64/v3', 'linux/riscv64']) {
    expect((await check(name, { from: 'FROM alpine', variant: 'v8' })).message).toBeUndefined();
  }
});
