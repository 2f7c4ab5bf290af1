import { randomBytes } from 'node:crypto';
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
 * Is this a name that a build gave its image on the node? The image is pushed under the same repository and tag.
 *
 * @param tag the temporary name
 */
export function isNameOfBuild(name: string, tag: string): boolean {
  return name === tag || name.endsWith(tag.replace(/^localhost\//, '/'));
}

/** Is this a temporary name that a build left behind because its program was killed? */
export function isStaleImageName(name: string, now = Date.now()): boolean {
  const [, minutes] = /^localhost\/barnraiser\/[^/:]+:.+-([0-9a-z]+)-[0-9a-f]{8}$/.exec(name) ?? [];
  return minutes !== undefined && now - Number.parseInt(minutes, 36) * minuteMs > maxBuildMs;
}
