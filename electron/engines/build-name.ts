import { randomBytes } from 'node:crypto';
import { type Platform, platformParts } from '../../shared/platform.ts';

/** A name that is older than this belongs to no build that still runs, in milliseconds. */
const longestBuildMs = 24 * 60 * 60 * 1000;

const minuteMs = 60_000;

/** The name of an image on its node until it is back with us. It says when the build began, by our clock. */
export function buildName(project: string, platform: Platform, now = Date.now()): string {
  const minutes = Math.floor(now / minuteMs).toString(36);
  const tag = [...Object.values(platformParts(platform)), minutes, randomBytes(4).toString('hex')].join('-');
  return `localhost/barnraiser/${project}:${tag}`;
}

/** Is this the name of a build that has ended without taking it away, since its program was killed? */
export function isLeftName(name: string, now = Date.now()): boolean {
  const [, minutes] = /^localhost\/barnraiser\/[^/:]+:.+-([0-9a-z]+)-[0-9a-f]{8}$/.exec(name) ?? [];
  return minutes !== undefined && now - Number.parseInt(minutes, 36) * minuteMs > longestBuildMs;
}
