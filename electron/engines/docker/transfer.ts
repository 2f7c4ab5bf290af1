import type { Readable } from 'node:stream';
import type { EngineApi } from '../api/engine-api.ts';
import { openArchive, sendPush } from '../api/image-requests.ts';
import type { PushTarget } from '../engine.ts';
import { tagImage, untagImage } from './images.ts';

/**
 * Pushes an image of the node to a registry that the node can reach. docker finds the registry in the image's name, so the
 * image gets such a name during the push. docker needs no TLS for a registry on its own loopback.
 */
export async function pushImage(
  docker: EngineApi,
  image: string,
  target: PushTarget,
  signal: AbortSignal,
): Promise<void> {
  const { host, port, repository, tag, username, password } = target;
  const name = `${host}:${port}/${repository}`;
  await tagImage(docker, image, `${name}:${tag}`);
  try {
    const credential = { username, password, serveraddress: `${host}:${port}` };
    await sendPush(docker, `images/${name}/push?tag=${encodeURIComponent(tag)}`, credential, signal);
  } finally {
    await untagImage(docker, `${name}:${tag}`).catch(() => undefined);
  }
}

/** Streams a whole image as an archive, which is also an OCI layout from docker 25 on. */
export function exportImage(docker: EngineApi, image: string, signal: AbortSignal): Promise<Readable> {
  return openArchive(docker, `images/${encodeURIComponent(image)}/get`, signal);
}
