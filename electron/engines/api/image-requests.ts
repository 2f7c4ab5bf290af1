/** Requests about images that are the same for podman and docker. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { digestSchema } from '../../../shared/image.ts';
import { errorWithoutSecrets, secretsOf } from '../../system/login-secrets.ts';
import type { PushedByEngine, PushTarget } from '../engine.ts';
import type { EngineApi } from './engine-api.ts';
import { jsonLines } from './json-lines.ts';

/** The digest comes last: podman's in a field of its own, docker's in `aux`. */
const messageSchema = z.object({
  error: z.string().optional(),
  manifestdigest: digestSchema.optional().catch(undefined),
  aux: z.object({ Digest: digestSchema.optional() }).optional().catch(undefined),
});

/** The content of the header `X-Registry-Auth`. */
interface Credential {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress?: string;
}

/**
 * Pushes an image from the engine to a registry. What the engine says of the login is hidden.
 * @throws Failure with the error that the engine reports in its response stream
 */
export async function sendPush(
  api: EngineApi,
  path: string,
  credential: Credential | undefined,
  signal: AbortSignal,
): Promise<PushedByEngine> {
  try {
    return await push(api, path, credential, signal);
  } catch (error) {
    const { username = '', password, identitytoken: identityToken } = credential ?? {};
    throw errorWithoutSecrets(error, [
      ...(password === undefined ? [] : secretsOf({ username, password })),
      ...(identityToken === undefined ? [] : secretsOf({ identityToken })),
    ]);
  }
}

async function push(
  api: EngineApi,
  path: string,
  credential: Credential | undefined,
  signal: AbortSignal,
): Promise<PushedByEngine> {
  const action = 'push the image';
  const stream = await api.openStream(action, {
    method: 'POST',
    path,
    ...(credential ? { headers: { 'X-Registry-Auth': base64Url(JSON.stringify(credential)) } } : {}),
    signal,
  });
  let error: string | undefined;
  let digest: PushedByEngine['digest'];
  try {
    for await (const message of jsonLines(stream, messageSchema, api.node)) {
      error = message.error ?? error;
      digest = message.manifestdigest ?? message.aux?.Digest ?? digest;
    }
  } catch (problem) {
    throw api.toFailure(problem, action, signal);
  }
  if (error !== undefined) {
    throw api.refusedProblem(action, error);
  }
  return digest === undefined ? {} : { digest };
}

/** Undefined without a login. */
export function credentialOf({ credentials }: PushTarget): Credential | undefined {
  return credentials && 'identityToken' in credentials ? { identitytoken: credentials.identityToken } : credentials;
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
