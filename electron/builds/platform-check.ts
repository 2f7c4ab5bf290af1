import type { Platform } from '../../shared/platform.ts';
import { platformOf, platformParts } from '../../shared/platform.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import type { BaseImageCheck } from '../engines/base-image.ts';
import { type ContentPlatform, contentPlatform } from '../images/content-platform.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { LayerPrograms } from '../images/layer-programs.ts';
import { type BlobSize, type ImageConfig, parseConfig, type ReceivedImage } from '../images/manifest.ts';

export interface PlatformCheckInput {
  readonly store: ImageStore;
  readonly image: ReceivedImage;
  /** The configuration of an image that its node has pushed. Its layers are not here: only its base image is looked at. */
  readonly pushed?: ImageConfig | undefined;
  /** What the build has shown of its base image. */
  readonly base: BaseImageCheck;
  readonly onLogLine: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Compares what an image is made of with the platform that it was built for. Its configuration proves nothing: engines write
 * into it what was asked for, also where the base image is for another platform.
 * @returns undefined if nothing speaks against the image, or the failure `image.platform`
 */
export async function checkPlatform(input: PlatformCheckInput): Promise<Failure | undefined> {
  const { store, image, pushed, base, onLogLine, signal } = input;
  const { platform } = image;
  const config = pushed ?? parseConfig(await store.blobs.readVerified(image.config.digest));
  const layers: LayerPrograms[] = [];
  for (const { digest } of platformParts(platform).os === 'linux' && !pushed ? image.layers : []) {
    layers.push(await store.programs.read(digest, signal));
    signal.throwIfAborted();
  }
  const mismatch = findMismatch(platform, contentPlatform(layers, config, platform), base);
  const { os, architecture, variant } = config;
  const written = platformOf({ os, architecture, ...(variant ? { variant } : {}) });
  if (!mismatch && written && written !== platform) {
    onLogLine(
      `The engine wrote ${written} into the image's configuration. The manifest list names ${platform}, as asked: nothing in the image speaks against it.`,
    );
  }
  return mismatch;
}

/** Smaller ones are read in no time. Most configurations are. */
const minReadAheadBytes = 100_000;

/** Reads the programs of a layer while the rest of its image arrives, so that {@link checkPlatform} need not wait for that. */
export function readAhead({ digest, size }: BlobSize, store: ImageStore, signal: AbortSignal): void {
  if (size >= minReadAheadBytes) {
    void store.programs.read(digest, signal);
  }
}

function findMismatch(
  platform: Platform,
  { foreign, isProven }: ContentPlatform,
  { base, foreignPlatform }: BaseImageCheck,
): Failure | undefined {
  const name = sanitizeLine(base?.name ?? '', 300);
  if (foreignPlatform && !(isProven && !isSameArchitecture(foreignPlatform, platform))) {
    return mismatchFailure(
      platform,
      `The image for ${platform} is built on ${name}, which is for ${foreignPlatform}.`,
      `Use a base image that exists for ${platform}, and check the platform that its FROM instruction names.`,
    );
  }
  if (foreign) {
    const on = name === '' || name === 'scratch' ? '' : ` It is built on ${name}.`;
    return mismatchFailure(
      platform,
      `The image for ${platform} has a program for ${foreign.platform}: ${sanitizeLine(foreign.path, 300)}.${on}`,
      `Check that the base image and the programs that are copied into the image are for ${platform}.`,
    );
  }
  return undefined;
}

/** A program does not show which variant of its architecture it needs. */
function isSameArchitecture(one: Platform, other: Platform): boolean {
  return platformParts(one).architecture === platformParts(other).architecture;
}

function mismatchFailure(platform: Platform, message: string, fix: string): Failure {
  return fail('image.platform', message, fix).offering({ id: 'allow-platform-mismatch', platform });
}
