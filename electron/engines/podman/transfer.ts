import type { Readable } from 'node:stream';
import type { PushTarget } from '../engine.ts';
import type { EngineApi } from '../engine-api.ts';
import { archive, push } from '../transfer.ts';

/**
 * Pushes an image of the node to a registry that it can reach. `quiet=false` has podman answer 200 at once and say in the
 * stream what goes wrong. The layers are compressed the way podman does by itself (gzip).
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
  await push(podman, `images/${encodeURIComponent(image)}/push?${query}`, { username, password }, signal);
}

/** The whole image as an OCI archive. */
export function exportImage(podman: EngineApi, image: string, signal: AbortSignal): Promise<Readable> {
  return archive(podman, `images/${encodeURIComponent(image)}/get?format=oci-archive`, signal);
}
