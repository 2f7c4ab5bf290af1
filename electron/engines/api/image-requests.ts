/** Requests about images that are the same for podman and docker. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { EngineApi } from './engine-api.ts';
import { jsonLines } from './json-lines.ts';

const messageSchema = z.object({ error: z.string().optional() });

/**
 * Pushes an image from the engine to a registry.
 * @param credential the content of the header `X-Registry-Auth`
 * @throws Failure with the error that the engine reports in its response stream
 */
export async function sendPush(api: EngineApi, path: string, credential: object, signal: AbortSignal): Promise<void> {
  const action = 'push the image';
  const stream = await api.openStream(action, {
    method: 'POST',
    path,
    headers: { 'X-Registry-Auth': base64Url(JSON.stringify(credential)) },
    signal,
  });
  let error: string | undefined;
  try {
    for await (const message of jsonLines(stream, messageSchema, api.node)) {
      error = message.error ?? error;
    }
  } catch (problem) {
    throw api.toFailure(problem, action, signal);
  }
  if (error !== undefined) {
    throw api.refusedProblem(action, error);
  }
}

/** Streams a whole image as an archive. If the stream breaks, its error is a `Failure`. */
export async function openArchive(api: EngineApi, path: string, signal: AbortSignal): Promise<Readable> {
  const action = 'export the image';
  const body = await api.openStream(action, { method: 'GET', path, signal });
  async function* chunks() {
    try {
      yield* body;
    } catch (error) {
      throw api.toFailure(error, action, signal);
    }
  }
  return Readable.from(chunks(), { objectMode: false });
}

/** The path that adds a name to an image or removes one. */
export function tagPath(image: string, verb: 'tag' | 'untag', name: string): string {
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const query = new URLSearchParams({
    repo: hasTag ? name.slice(0, colon) : name,
    tag: hasTag ? name.slice(colon + 1) : 'latest',
  });
  return `images/${encodeURIComponent(image)}/${verb}?${query}`;
}

/** Base64 for URLs with padding. Go requires the padding, which Node's `base64url` omits. */
export function base64Url(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
