import type { Readable } from 'node:stream';
import type { EngineApi } from '../api/engine-api.ts';
import { openArchive, sendPush } from '../api/image-requests.ts';
import type { PushTarget } from '../engine.ts';

/**
 * Pushes an image of the node to a registry that the node can reach. With `quiet=false`, podman responds with 200 at once and
 * reports errors in the response stream. podman compresses the layers with its default, gzip.
 */
export async function pushImage(
  podman: EngineApi,
  image: string,
  target: PushTarget,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({
    destination: `${target.host}:${target.port}/${target.repository}:${target.tag}`,
    tlsVerify: 'false',
    format: 'oci',
    quiet: 'false',
  });
  const { username, password } = target;
  await sendPush(podman, `images/${encodeURIComponent(image)}/push?${query}`, { username, password }, signal);
}

/** Streams a whole image as an OCI archive. */
export function exportImage(podman: EngineApi, image: string, signal: AbortSignal): Promise<Readable> {
  return openArchive(podman, `images/${encodeURIComponent(image)}/get?format=oci-archive`, signal);
}
