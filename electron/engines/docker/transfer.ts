import type { Readable } from 'node:stream';
import type { PushTarget } from '../engine.ts';
import type { EngineApi } from '../engine-api.ts';
import { archive, push } from '../transfer.ts';
import { tagDockerImage, untagDockerImage } from './images.ts';

/**
 * Pushes an image of the node to a registry that it can reach. docker pushes what bears the registry's name, so the image gets that name
 * while it is pushed. On the node's own loopback it needs no TLS.
 */
export async function pushDockerImage(
  docker: EngineApi,
  image: string,
  target: PushTarget,
  signal: AbortSignal,
): Promise<void> {
  const { host, port, repository, tag, username, password } = target;
  const name = `${host}:${port}/${repository}`;
  await tagDockerImage(docker, image, `${name}:${tag}`);
  try {
    const credential = { username, password, serveraddress: `${host}:${port}` };
    await push(docker, `images/${name}/push?tag=${encodeURIComponent(tag)}`, credential, signal);
  } finally {
    await untagDockerImage(docker, `${name}:${tag}`).catch(() => undefined);
  }
}

/** The whole image as an archive; from docker 25 on it is an OCI layout, too. */
export function exportDockerImage(docker: EngineApi, image: string, signal: AbortSignal): Promise<Readable> {
  return archive(docker, `images/${encodeURIComponent(image)}/get`, signal);
}
