import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { ImageFormat } from '../../../shared/build-options.ts';
import type { EngineApi } from '../api/engine-api.ts';
import { credentialOf, openArchive, sendPush } from '../api/image-requests.ts';
import { cleanNames, loadArchive } from '../api/load-image.ts';
import type { PushedByEngine, PushTarget } from '../engine.ts';

/**
 * Pushes an image of the node to a registry that the node can reach. With `quiet=false`, podman responds with 200 at once and
 * reports errors in the response stream. podman compresses the layers with its default, gzip.
 */
export async function pushImage(
  podman: EngineApi,
  image: string,
  target: PushTarget,
  format: ImageFormat,
  signal: AbortSignal,
): Promise<PushedByEngine> {
  const query = new URLSearchParams({
    destination: `${target.registry}/${target.repository}:${target.tag}`,
    tlsVerify: String(target.tlsVerify),
    format: format === 'docker' ? 'v2s2' : 'oci',
    quiet: 'false',
    // the caller can get the image in another manner
    retry: '1',
  });
  return sendPush(podman, `images/${encodeURIComponent(image)}/push?${query}`, credentialOf(target), signal);
}

/** Streams a whole image as an archive in its format. An OCI archive would change an image in docker's format. */
export async function exportImage(
  podman: EngineApi,
  image: string,
  format: ImageFormat,
  signal: AbortSignal,
): Promise<Readable> {
  const archive = format === 'docker' ? 'docker-archive' : 'oci-archive';
  return openArchive(podman, `images/${encodeURIComponent(image)}/get?format=${archive}`, signal);
}

const loadedSchema = z.object({ Names: z.array(z.string()) });

/** Loads an archive into the storage of the node. @returns the names of its images */
export async function loadImage(podman: EngineApi, archive: Readable, signal: AbortSignal): Promise<string[]> {
  const action = 'load the image';
  const text = await loadArchive(podman, action, archive, (body) => podman.readText(action, body, signal), signal);
  return cleanNames(podman.parse(action, loadedSchema, text).Names);
}
