import type { Readable } from 'node:stream';
import { z } from 'zod';
import { Failure, fail } from '../../../shared/problem.ts';
import type { EngineApi } from '../api/engine-api.ts';
import { credentialOf, openArchive, sendPush } from '../api/image-requests.ts';
import { jsonLines } from '../api/json-lines.ts';
import { cleanNames, loadArchive } from '../api/load-image.ts';
import type { PushedByEngine, PushTarget } from '../engine.ts';
import { tagImage, untagImage } from './images.ts';

/**
 * Pushes an image of the node to a registry that the node can reach. docker finds the registry in the image's name, so the
 * image gets such a name during the push. docker needs no TLS for a registry on its own loopback, and for others only what its
 * configuration says.
 */
export async function pushImage(
  docker: EngineApi,
  image: string,
  target: PushTarget,
  signal: AbortSignal,
): Promise<PushedByEngine> {
  const { registry, repository, tag } = target;
  const name = `${registry}/${repository}`;
  await tagImage(docker, image, `${name}:${tag}`);
  try {
    const credential = { ...credentialOf(target), serveraddress: registry };
    return await sendPush(docker, `images/${name}/push?tag=${encodeURIComponent(tag)}`, credential, signal);
  } catch (error) {
    throw plainHttpFailure(docker.node, registry, error) ?? error;
  } finally {
    await untagImage(docker, `${name}:${tag}`).catch(() => undefined);
  }
}

function plainHttpFailure(node: string, registry: string, error: unknown): Failure | undefined {
  const detail = error instanceof Failure ? error.problem.detail : undefined;
  return detail !== undefined && /server gave HTTP response to HTTPS client/i.test(detail)
    ? fail(
        'engine.refused',
        `Node ${node}: docker does not push to ${registry} over plain HTTP.`,
        `Add ${registry} to "insecure-registries" in /etc/docker/daemon.json on the node, then restart docker.`,
        detail,
      )
    : undefined;
}

/** Streams a whole image as an archive, which is also an OCI layout from docker 25 on. */
export function exportImage(docker: EngineApi, image: string, signal: AbortSignal): Promise<Readable> {
  return openArchive(docker, `images/${encodeURIComponent(image)}/get`, signal);
}

const loadedSchema = z.object({ stream: z.string().optional(), error: z.string().optional() });

/** Loads an archive into the storage of the node. @returns the names of its images, or their ids */
export async function loadImage(docker: EngineApi, archive: Readable, signal: AbortSignal): Promise<string[]> {
  const action = 'load the image';
  const read = async (body: Readable): Promise<string[]> => {
    const names: string[] = [];
    let problem: string | undefined;
    try {
      for await (const { stream = '', error } of jsonLines(body, loadedSchema, docker.node)) {
        problem = error ?? problem;
        const [, name] = /^Loaded image(?: ID)?: (\S+)/.exec(stream) ?? [];
        names.push(...(name === undefined ? [] : [name]));
      }
    } catch (error) {
      throw docker.toFailure(error, action, signal);
    }
    if (problem !== undefined) {
      throw docker.refusedProblem(action, problem);
    }
    return cleanNames(names);
  };
  return loadArchive(docker, action, archive, read, signal);
}
