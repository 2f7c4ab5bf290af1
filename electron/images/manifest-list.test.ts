import { describe, expect, test } from 'vitest';
import { digestOf } from './digest.ts';
import { mediaTypes, type ReceivedImage } from './manifest.ts';
import { createManifestList } from './manifest-list.ts';
import { platform } from './testing/sample-image.ts';

function image(name: string, mediaType: string = mediaTypes.ociManifest): ReceivedImage {
  const digest = digestOf(Buffer.from(name));
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 2 };
  return { platform: platform(name), digest, mediaType, manifestSize: 7, config, layers: [], size: 2, attachments: [] };
}

function platformsIn(bytes: Buffer): unknown[] {
  const list: { manifests: { platform: unknown }[] } = JSON.parse(bytes.toString('utf8'));
  return list.manifests.map((entry) => entry.platform);
}

describe('a manifest list', () => {
  test('has the same bytes for the same images in any order', () => {
    const images = [image('linux/arm64'), image('linux/amd64'), image('linux/arm/v7')];
    expect(createManifestList(images).digest).toBe(createManifestList([...images].reverse()).digest);
  });

  test('names the variant of arm, but not the default variant of arm64', () => {
    const { bytes } = createManifestList(
      ['linux/arm64/v8', 'linux/arm/v6', 'armv7l', 'linux/amd64'].map((name) => image(name)),
    );
    expect(platformsIn(bytes)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm', os: 'linux', variant: 'v6' },
      { architecture: 'arm', os: 'linux', variant: 'v7' },
      { architecture: 'arm64', os: 'linux' },
    ]);
  });

  test('is a Docker list if all images are Docker images, and an OCI index otherwise', () => {
    const docker = image('linux/amd64', mediaTypes.dockerManifest);
    expect(createManifestList([docker]).mediaType).toBe(mediaTypes.dockerList);
    expect(createManifestList([docker, image('linux/arm64')]).mediaType).toBe(mediaTypes.ociIndex);
  });

  test('lists attachments after the images, and is then an OCI index', () => {
    const docker = image('linux/arm64', mediaTypes.dockerManifest);
    const attachment = {
      mediaType: mediaTypes.ociManifest,
      digest: digestOf(Buffer.from('attestation')),
      size: 3,
      platform: { architecture: 'unknown', os: 'unknown' },
    };
    const list = createManifestList([
      { ...docker, attachments: [attachment] },
      image('linux/amd64', mediaTypes.dockerManifest),
    ]);
    expect(list.mediaType).toBe(mediaTypes.ociIndex);
    expect(platformsIn(list.bytes)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
      { architecture: 'unknown', os: 'unknown' },
    ]);
  });

  test('lists an attachment for each image that it is said to describe, and no image as an attachment', () => {
    const [amd64, arm64] = [image('linux/amd64'), image('linux/arm64')];
    const attachmentOf = (of: ReceivedImage, digest = digestOf(Buffer.from('attestation'))) => ({
      mediaType: mediaTypes.ociManifest,
      digest,
      size: 3,
      annotations: { 'vnd.docker.reference.digest': of.digest },
      platform: { architecture: 'unknown', os: 'unknown' },
    });
    const { bytes } = createManifestList([
      { ...amd64, attachments: [attachmentOf(amd64)] },
      { ...arm64, attachments: [attachmentOf(arm64), attachmentOf(arm64, amd64.digest)] },
    ]);
    const list: { manifests: object[] } = JSON.parse(bytes.toString('utf8'));
    expect(list.manifests.slice(2)).toEqual([attachmentOf(amd64), attachmentOf(arm64)]);
  });

  test('needs at least one image, and at most one for each platform', () => {
    const createWithDuplicate = () =>
      createManifestList([image('linux/arm64'), image('linux/amd64'), image('aarch64')]);
    expect(createWithDuplicate).toThrow('two images for linux/arm64');
    expect(() => createManifestList([])).toThrow('at least one image');
  });
});
