import { describe, expect, test } from 'vitest';
import { digestOf, type ImageManifestInfo, mediaTypes } from './manifest.ts';
import { joinList } from './manifest-list.ts';
import { platform } from './testing/sample-image.ts';

function image(name: string, mediaType: string = mediaTypes.ociManifest): ImageManifestInfo {
  const digest = digestOf(Buffer.from(name));
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 2 };
  return { platform: platform(name), digest, mediaType, manifestSize: 7, config, layers: [], size: 2 };
}

function platformsIn(bytes: Buffer): unknown[] {
  const list: { manifests: { platform: unknown }[] } = JSON.parse(bytes.toString('utf8'));
  return list.manifests.map((entry) => entry.platform);
}

describe('a manifest list', () => {
  test('is the same to the byte in whatever order its images come', () => {
    const images = [image('linux/arm64'), image('linux/amd64'), image('linux/arm/v7')];
    expect(joinList(images).digest).toBe(joinList([...images].reverse()).digest);
  });

  test('names the variant of every arm, and none that the architecture implies', () => {
    const { bytes } = joinList(['linux/arm64/v8', 'linux/arm/v6', 'armv7l', 'linux/amd64'].map((name) => image(name)));
    expect(platformsIn(bytes)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm', os: 'linux', variant: 'v6' },
      { architecture: 'arm', os: 'linux', variant: 'v7' },
      { architecture: 'arm64', os: 'linux' },
    ]);
  });

  test('is a Docker list of Docker images alone, and an OCI index otherwise', () => {
    const docker = image('linux/amd64', mediaTypes.dockerManifest);
    expect(joinList([docker]).mediaType).toBe(mediaTypes.dockerList);
    expect(joinList([docker, image('linux/arm64')]).mediaType).toBe(mediaTypes.ociIndex);
  });

  test('refuses two images for one platform, and none at all', () => {
    const twice = () => joinList([image('linux/arm64'), image('linux/amd64'), image('aarch64')]);
    expect(twice).toThrow('Two images for linux/arm64');
    expect(() => joinList([])).toThrow('at least one image');
  });
});
