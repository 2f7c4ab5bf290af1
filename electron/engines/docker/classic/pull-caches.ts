import { z } from 'zod';
import { formatReference, parseReference } from '../../../../shared/image.ts';
import { Failure } from '../../../../shared/problem.ts';
import { remoteCaches } from '../../../../shared/remote-cache.ts';
import { type EngineApi, firstLine, requestTimeoutMs } from '../../api/engine-api.ts';
import { base64Url } from '../../api/image-requests.ts';
import { jsonLines } from '../../api/json-lines.ts';
import type { EngineBuild, EngineOutput } from '../../engine.ts';
import { untagImage } from '../images.ts';

const messageSchema = z.object({ error: z.string().optional() });

export interface PulledCaches {
  /** The images that docker may take as a cache. */
  readonly names: readonly string[];
  /** Removes the names that the node did not have before. Never rejects. */
  release(): Promise<void>;
}

/**
 * Pulls the images that a build may take as its cache: docker looks for them only in its own storage. One that cannot be pulled is
 * left out, which costs time but not the build.
 */
export async function pullCaches(
  docker: EngineApi,
  build: Pick<EngineBuild, 'cacheFrom' | 'platform' | 'logins'>,
  onOutput: (output: EngineOutput) => void,
  signal: AbortSignal,
): Promise<PulledCaches> {
  const names: string[] = [];
  const added: string[] = [];
  for (const { attrs } of remoteCaches(build.cacheFrom)) {
    const name = attrs.ref ?? '';
    const isThere = await hasImage(docker, name, signal);
    try {
      await pull(docker, name, build, signal);
      names.push(name);
      added.push(...(isThere ? [] : [name]));
    } catch (error) {
      if (!(error instanceof Failure) || signal.aborted) {
        throw error;
      }
      const text = `${error.problem.message} The build goes on without this cache.`;
      onOutput({ kind: 'log', stream: 'engine', time: Date.now(), text });
    }
  }
  return {
    names,
    release: async () => {
      await Promise.all(added.map((name) => untagImage(docker, name).catch(() => undefined)));
    },
  };
}

async function hasImage(docker: EngineApi, name: string, signal: AbortSignal): Promise<boolean> {
  const path = `images/${encodeURIComponent(name)}/json`;
  const { status, body } = await docker.send('inspect an image', {
    method: 'GET',
    path,
    signal,
    timeoutMs: requestTimeoutMs,
  });
  body.resume();
  return status === 200;
}

async function pull(
  docker: EngineApi,
  name: string,
  { platform, logins }: Pick<EngineBuild, 'platform' | 'logins'>,
  signal: AbortSignal,
): Promise<void> {
  const action = `pull ${name}`;
  const parsed = parseReference(name);
  if (typeof parsed === 'string') {
    throw docker.refusedProblem(action, parsed);
  }
  const { tag } = parsed;
  const query = new URLSearchParams({ fromImage: formatReference(parsed).slice(0, -tag.length - 1), tag, platform });
  const login = logins.find(({ registry }) => registry === (parsed.registry ?? 'docker.io'));
  const headers: Record<string, string> = login
    ? { 'X-Registry-Auth': base64Url(JSON.stringify(loginOf(login.credentials))) }
    : {};
  const stream = await docker.openStream(action, { method: 'POST', path: `images/create?${query}`, headers, signal });
  for await (const { error } of jsonLines(stream, messageSchema, docker.node)) {
    if (error !== undefined) {
      throw docker.refusedProblem(action, firstLine(error));
    }
  }
}

function loginOf(credentials: EngineBuild['logins'][number]['credentials']): object {
  return 'identityToken' in credentials ? { identitytoken: credentials.identityToken } : credentials;
}
