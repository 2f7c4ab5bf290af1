import { describe, expect, test } from 'vitest';
import { problemOf } from '../../shared/problem.ts';
import { digestOf } from './digest.ts';
import { annotateList, entriesOf, mergeEntries, removeEntries } from './edit-list.ts';
import { type Descriptor, mediaTypes, type RawManifest } from './manifest.ts';
import { platform } from './testing/sample-image.ts';

const digest = (seed: string) => digestOf(Buffer.from(seed));

function image(seed: string, os: string, architecture: string, more: object = {}): Descriptor {
  return { mediaType: mediaTypes.ociManifest, digest: digest(seed), size: 9, platform: { os, architecture, ...more } };
}

function attestation(seed: string, of: string): Descriptor {
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': digest(of),
  };
  return { ...image(seed, 'unknown', 'unknown'), annotations };
}

function list(manifests: readonly Descriptor[], fields: object = {}): RawManifest {
  const mediaType = mediaTypes.ociIndex;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests, ...fields }));
  return { bytes, digest: digestOf(bytes), mediaType };
}

const names = new Map(
  ['amd64', 'arm64', 'new-arm64', 'att-amd64', 'att-arm64', 'att-new', 'v7', 'win1', 'win2'].map((name) => [
    digest(name),
    name,
  ]),
);
const seedsOf = (raw: RawManifest) => entriesOf(raw).map((entry) => names.get(entry.digest));

const both = list(
  [
    image('amd64', 'linux', 'amd64'),
    image('arm64', 'linux', 'arm64'),
    attestation('att-amd64', 'amd64'),
    attestation('att-arm64', 'arm64'),
  ],
  { annotations: { by: 'others' }, custom: [1] },
);

describe('a merge', () => {
  test('replaces the image of a platform with what describes it, and keeps everything else', () => {
    const merged = mergeEntries(both, [
      image('new-arm64', 'linux', 'arm64', { variant: 'v8' }),
      attestation('att-new', 'new-arm64'),
      image('v7', 'linux', 'arm', { variant: 'v7' }),
    ]);
    expect(seedsOf(merged)).toEqual(['amd64', 'new-arm64', 'v7', 'att-amd64', 'att-new']);
    expect(JSON.parse(merged.bytes.toString())).toMatchObject({ annotations: { by: 'others' }, custom: [1] });
    expect(mergeEntries(merged, entriesOf(merged)).digest).toBe(merged.digest);
  });

  test('keeps a list in the format of docker as long as all of it is', () => {
    const docker = { ...image('amd64', 'linux', 'amd64'), mediaType: mediaTypes.dockerManifest };
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.dockerList, manifests: [docker] }),
    );
    const old: RawManifest = { bytes, digest: digestOf(bytes), mediaType: mediaTypes.dockerList };
    const arm64 = image('arm64', 'linux', 'arm64');
    expect(mergeEntries(old, [{ ...arm64, mediaType: mediaTypes.dockerManifest }]).mediaType).toBe(
      mediaTypes.dockerList,
    );
    expect(mergeEntries(old, [arm64]).mediaType).toBe(mediaTypes.ociIndex);
    expect(annotateList(old, { annotations: { a: 'b' } }, 'api').mediaType).toBe(mediaTypes.ociIndex);
  });

  test('tells apart the versions of a system', () => {
    const windows = list([image('win1', 'windows', 'amd64', { 'os.version': '10.0.17763' })]);
    const other = image('win2', 'windows', 'amd64', { 'os.version': '10.0.20348' });
    expect(seedsOf(mergeEntries(windows, [other]))).toEqual(['win1', 'win2']);
  });
});

test('an image is removed by its platform or digest, with what describes it', () => {
  for (const target of [platform('linux/arm64'), digest('arm64')]) {
    expect(seedsOf(removeEntries(both, target, 'api'))).toEqual(['amd64', 'att-amd64']);
  }
  const left = removeEntries(both, platform('linux/arm64'), 'api');
  expect(problemOf(attempt(() => removeEntries(left, platform('linux/amd64'), 'api')))).toMatchObject({
    code: 'image.platform',
    message: expect.stringContaining('no other image'),
  });
  expect(problemOf(attempt(() => removeEntries(both, platform('linux/s390x'), 'api')))).toMatchObject({
    fix: 'It has images for: linux/amd64, linux/arm64.',
  });
});

test('annotations are added, changed and removed, of the list and of an entry', () => {
  const annotated = annotateList(both, { annotations: { by: '', to: 'x' } }, 'api');
  expect(JSON.parse(annotated.bytes.toString()).annotations).toEqual({ to: 'x' });
  const target = platform('linux/arm64');
  const changed = annotateList(both, { target, annotations: { a: 'b' }, osVersion: '1.2', variant: 'v9' }, 'api');
  expect(entriesOf(changed)[1]).toMatchObject({
    annotations: { a: 'b' },
    platform: { os: 'linux', architecture: 'arm64', variant: 'v9', 'os.version': '1.2' },
  });
  const back = annotateList(
    changed,
    { target: digest('arm64'), annotations: { a: '' }, osVersion: '', variant: '' },
    'api',
  );
  expect(back.digest).toBe(annotateList(both, {}, 'api').digest);
});

test('no two entries are made the image of one platform', () => {
  const arm = list([image('v7', 'linux', 'arm', { variant: 'v7' }), image('arm64', 'linux', 'arm', { variant: 'v6' })]);
  const twin = () => annotateList(arm, { target: platform('linux/arm/v6'), variant: 'v7' }, 'api');
  expect(problemOf(attempt(twin))).toMatchObject({ message: 'api would have two images for linux/arm/v7.' });
});

function attempt(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
