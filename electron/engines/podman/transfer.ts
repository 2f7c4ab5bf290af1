import type { Readable } from 'node:stream';
import type { ImageFormat } from '../../../shared/build.ts';
import { fail } from '../../../shared/problem.ts';
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
  format: ImageFormat,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({
    destination: `${target.host}:${target.port}/${target.repository}:${target.tag}`,
    tlsVerify: 'false',
    format: format === 'docker' ? 'v2s2' : 'oci',
    quiet: 'false',
  });
  const { username, password } = target;
  await sendPush(podman, `images/${encodeURIComponent(image)}/push?${query}`, { username, password }, signal);
}

/**
 * Streams a whole image as an OCI archive.
 * @throws Failure `engine.unsupported` for an image in docker's format, which the archive would change
 */
export async function exportImage(
  podman: EngineApi,
  image: string,
  format: ImageFormat,
  signal: AbortSignal,
): Promise<Readable> {
  if (format === 'docker') {
    throw fail(
      'engine.unsupported',
      `Node ${podman.node}: podman can only push an image in docker's format, not export it.`,
      'Allow reverse port forwarding on the node (`AllowTcpForwarding yes` in its sshd_config), or build in OCI format.',
    );
  }
  return openArchive(podman, `images/${encodeURIComponent(image)}/get?format=oci-archive`, signal);
}
