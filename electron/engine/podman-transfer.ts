import { Readable } from 'node:stream';
import { z } from 'zod';
import type { PushTarget } from './engine.ts';
import { jsonLines } from './json-lines.ts';
import type { PodmanApi } from './podman-api.ts';

const messageSchema = z.object({ error: z.string().optional() });

/**
 * Pushes an image of the node to a registry that it can reach. `quiet=false` has podman answer 200 at once and say in the
 * stream what goes wrong. The layers are compressed the way podman does by itself (gzip).
 */
export async function pushImage(
  podman: PodmanApi,
  image: string,
  target: PushTarget,
  signal: AbortSignal,
): Promise<void> {
  const action = 'push the image';
  const query = new URLSearchParams({
    destination: `${target.host}:${target.port}/${target.repository}:${target.tag}`,
    tlsVerify: 'false',
    format: 'oci',
    quiet: 'false',
  });
  const credential = JSON.stringify({ username: target.username, password: target.password });
  const stream = await podman.open(action, {
    method: 'POST',
    path: `images/${encodeURIComponent(image)}/push?${query}`,
    headers: { 'X-Registry-Auth': base64Url(credential) },
    signal,
  });
  let error: string | undefined;
  try {
    for await (const message of jsonLines(stream, messageSchema, podman.node)) {
      error = message.error ?? error;
    }
  } catch (problem) {
    throw podman.failureOf(problem, action, signal);
  }
  if (error !== undefined) {
    throw podman.refused(action, error);
  }
}

/** The whole image as an OCI archive, as it is packed. Where it breaks off, the stream's error is a `Failure`. */
export async function exportImage(podman: PodmanApi, image: string, signal: AbortSignal): Promise<Readable> {
  const action = 'export the image';
  const body = await podman.open(action, {
    method: 'GET',
    path: `images/${encodeURIComponent(image)}/get?format=oci-archive`,
    signal,
  });
  async function* pieces() {
    try {
      yield* body;
    } catch (error) {
      throw podman.failureOf(error, action, signal);
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** Base64 for URLs with its padding, which Go insists on and Node's `base64url` leaves out. */
function base64Url(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
