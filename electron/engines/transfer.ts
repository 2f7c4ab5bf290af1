/** Images on their way from a node, whatever its engine. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { EngineApi } from './engine-api.ts';
import { jsonLines } from './json-lines.ts';

const messageSchema = z.object({ error: z.string().optional() });

/** Has the engine push to a registry. @param credential what `X-Registry-Auth` holds. @throws Failure with what the engine says in its stream */
export async function push(api: EngineApi, path: string, credential: object, signal: AbortSignal): Promise<void> {
  const action = 'push the image';
  const stream = await api.open(action, {
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
    throw api.failureOf(problem, action, signal);
  }
  if (error !== undefined) {
    throw api.refused(action, error);
  }
}

/** A whole image as an archive, as it is packed. Where it breaks off, the stream's error is a `Failure`. */
export async function archive(api: EngineApi, path: string, signal: AbortSignal): Promise<Readable> {
  const action = 'export the image';
  const body = await api.open(action, { method: 'GET', path, signal });
  async function* pieces() {
    try {
      yield* body;
    } catch (error) {
      throw api.failureOf(error, action, signal);
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** Base64 for URLs with its padding, which Go insists on and Node's `base64url` leaves out. */
function base64Url(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
