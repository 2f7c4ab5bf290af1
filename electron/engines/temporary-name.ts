import { createHash, randomBytes } from 'node:crypto';
import { type Platform, platformParts } from '../../shared/platform.ts';

/** Milliseconds after which no build that made a temporary name can still be running. */
const maxBuildMs = 24 * 60 * 60 * 1000;

const minuteMs = 60_000;

/** The name of an image on its node until it has been transferred. It contains the start time by the local clock. */
export function temporaryImageName(project: string, platform: Platform, now = Date.now()): string {
  const minutes = Math.floor(now / minuteMs).toString(36);
  const tag = [...Object.values(platformParts(platform)), minutes, randomBytes(4).toString('hex')].join('-');
  return `localhost/barnraiser/${project}:${tag}`;
}

/**
 * The tags under which a node pushes its image to a registry, until a manifest list refers to it. `unique` is for registries that
 * delete tags; `lasting` is the same for all builds of a platform, so that there is one of them only.
 * @param name the temporary name
 */
export function registryTags(name: string): { readonly unique: string; readonly lasting: string } {
  const unique = `barnraiser-${name.slice(name.lastIndexOf(':') + 1)}`;
  return { unique, lasting: unique.replace(/-[0-9a-z]+-[0-9a-f]{8}$/, '') };
}

/**
 * The name of the newest image of a project and platform, for an engine that removes an image with its last name.
 * @param name the temporary name
 */
export function cacheName(name: string): string {
  return name.replace(/:(.+)-[0-9a-z]+-[0-9a-f]{8}$/, ':cache-$1');
}

export function isCacheName(name: string): boolean {
  return /^localhost\/barnraiser\/[^/:]+:cache-[^/:]+$/.test(name);
}

/**
 * Is this a name that a build gave its image on the node? The image is pushed under the same repository and tag, or to a registry.
 *
 * @param tag the temporary name
 */
export function isNameOfBuild(name: string, tag: string): boolean {
  const { unique, lasting } = registryTags(tag);
  const endings = [tag.replace(/^localhost\//, '/'), `:${unique}`, `:${lasting}`];
  return name === tag || endings.some((ending) => name.endsWith(ending));
}

/** The repository of the images that a project has as an additional context. @param tag the temporary name of the image */
export function contextImageRepository(tag: string, context: string): string {
  const hash = createHash('sha256').update(context).digest('hex').slice(0, 8);
  return `${tag.slice(0, tag.lastIndexOf(':'))}-context-${hash}`;
}

/** The name of such an image, which is stale when it is old. @param hash of what is in it, in hex */
export function contextImageName(repository: string, hash: string, now = Date.now()): string {
  return `${repository}:${hash.slice(0, 16)}-${Math.floor(now / minuteMs).toString(36)}-${hash.slice(16, 24)}`;
}

const temporaryPattern = /^(?:localhost\/barnraiser\/[^/:]+:|.+:barnraiser-).+-([0-9a-z]+)-[0-9a-f]{8}$/;

/** Is this a name that an image has only until its build has ended? */
export function isTemporaryName(name: string): boolean {
  return temporaryPattern.test(name);
}

/** Is this a temporary name that a build left behind because its program was killed? */
export function isStaleImageName(name: string, now = Date.now()): boolean {
  const [, minutes] = temporaryPattern.exec(name) ?? [];
  return minutes !== undefined && now - Number.parseInt(minutes, 36) * minuteMs > maxBuildMs;
}
