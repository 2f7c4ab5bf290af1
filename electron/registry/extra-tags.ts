/** Further tags of a list that was pushed: a release, and one for each platform. */
import pLimit from 'p-limit';
import { type Digest, formatReference, type Reference } from '../../shared/image.ts';
import { type Platform, platformParts } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { PushedTag } from '../../shared/push.ts';
import type { RawManifest } from '../images/manifest.ts';
import type { ListedImage } from '../images/manifest-list.ts';
import { RegistryClient } from './client.ts';
import type { RegistryAccess } from './remote-image.ts';
import { listedImages } from './tagged-list.ts';

export interface ExtraTags {
  /** Never given to another list than the one that has it. */
  readonly release?: string | undefined;
  /** Whether the image of each platform gets the tags of the list, with its platform at the end. */
  readonly byPlatform: boolean;
}

export function hasExtraTags({ release, byPlatform }: ExtraTags): boolean {
  return release !== undefined || byPlatform;
}

/** `amd64`, `arm-v7`, `windows-amd64` */
export function platformSuffix(platform: Platform): string {
  const { os, architecture, variant } = platformParts(platform);
  return [...(os === 'linux' ? [] : [os]), architecture, ...(variant ? [variant] : [])].join('-');
}

/**
 * Gives a list that is in its repository its further tags. The release comes last, so that it says that all is there.
 * @throws Failure `image.released` if another image has a tag of the release, `registry.*`; the reason of the signal
 */
export async function putExtraTags(
  { registry = 'docker.io', repository, tag }: Reference,
  list: Digest,
  { release, byPlatform }: ExtraTags,
  options: RegistryAccess,
): Promise<PushedTag[]> {
  const client = await RegistryClient.open({ ...options, registry, repository, access: 'push' });
  const name = (each: string): string => formatReference({ registry, repository, tag: each });
  try {
    const images = byPlatform ? await listedImages(client, await manifestOf(client, list, name(tag))) : [];
    const tags = platformTags(tag, images);
    const released = release === undefined ? [] : [...platformTags(release, images), { tag: release, digest: list }];
    const missing: TagOf[] = [];
    for (const each of released) {
      const found = await client.getManifestDigest(each.tag);
      if (found !== undefined && found !== each.digest) {
        throw releasedFailure(name(each.tag), each.digest, found, list);
      }
      missing.push(...(found === undefined ? [each] : []));
    }
    const put = async (each: TagOf): Promise<void> =>
      client.putManifest(each.tag, await manifestOf(client, each.digest, name(tag)));
    const limit = pLimit(5);
    await Promise.all(tags.map((each) => limit(() => put(each))));
    for (const each of missing) {
      await put(each);
    }
    return [...tags, ...released].map((each) => ({ reference: name(each.tag), digest: each.digest }));
  } catch (error) {
    throw options.signal.aborted ? options.signal.reason : error;
  } finally {
    await client.close();
  }
}

interface TagOf {
  readonly tag: string;
  readonly digest: Digest;
}

function platformTags(tag: string, images: readonly ListedImage[]): TagOf[] {
  return images.map(({ platform, digest }) => ({ tag: `${tag}-${platformSuffix(platform)}`, digest }));
}

async function manifestOf(client: RegistryClient, digest: Digest, name: string): Promise<RawManifest> {
  const manifest = await client.getManifest(digest);
  if (!manifest) {
    throw fail('registry.refused', `The registry no longer has ${digest} of ${name}.`, 'Push it again.');
  }
  return manifest;
}

function releasedFailure(name: string, digest: Digest, found: Digest | 'unreadable', list: Digest) {
  const pushed = `The list was pushed as ${list}.`;
  return found === 'unreadable'
    ? fail(
        'image.released',
        `${name} was not tagged: the registry does not say what has this tag. ${pushed}`,
        'Use a login that may also read the repository.',
      )
    : fail(
        'image.released',
        `${name} was released before: it is ${found}, and not ${digest}. A release is never changed. ${pushed}`,
        'Choose another release tag.',
      );
}
