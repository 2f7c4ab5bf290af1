import { z } from 'zod';
import { platformOf, platformParts } from '../../../../shared/platform.ts';
import { type EngineApi, requestTimeoutMs } from '../../api/engine-api.ts';
import type { BuildCache, CacheQuery } from '../../engine.ts';
import { type ImageName, isSameName, readImageName } from '../../image-name.ts';

const imagesSchema = z.array(
  z.object({ Id: z.string(), ParentId: z.string().nullish(), RepoTags: z.array(z.string()).nullish() }),
);
type Images = z.infer<typeof imagesSchema>;

const imageSchema = z.object({ Os: z.string(), Architecture: z.string() });

/** Builds with more steps are not remembered. */
const maxItems = 500;

/**
 * What the classic builder's cache depends on: the images of steps are the cache, and a base image is what its name says on the node
 * as long as the policy does not want it to be pulled. Builds with another policy are never recognised as repeated.
 */
export function classicCache(docker: EngineApi): BuildCache {
  return {
    read: async (query, _asksRegistry, signal) => {
      const images = await listImages(docker, signal);
      const named = query.image === undefined ? undefined : findNamed(images, query.image);
      return {
        bases: findBases(images, query),
        items: query.items.filter((item) => findId(images, item) !== undefined),
        ...(named === undefined ? {} : { image: named }),
      };
    },
    used: async (query, before, build, signal) => {
      const images = await listImages(docker, signal);
      const items = [...new Set([build.imageId, ...build.layers])];
      const made = items.map((item) => findId(images, item));
      const bases = findBases(images, query);
      if (query.pull !== 'missing' || items.length > maxItems || made.some((id) => id === undefined)) {
        return undefined;
      }
      const parents = new Set(images.flatMap(({ Id, ParentId }) => (made.includes(Id) ? [ParentId] : [])));
      for (const { name, platform } of query.bases) {
        const id = bases[name];
        // others may have changed the name since the build
        const isUsed = id !== undefined && (parents.has(id) || before.bases[name] === id);
        if (!isUsed || !(await isFor(docker, id, platform, signal))) {
          return undefined;
        }
      }
      return { bases, items };
    },
  };
}

function listImages(docker: EngineApi, signal: AbortSignal): Promise<Images> {
  const request = { method: 'GET', path: 'images/json?all=1', timeoutMs: requestTimeoutMs, signal } as const;
  return docker.requestJson('list its images', imagesSchema, request);
}

/** @param item an id or a unique prefix of one */
function findId(images: Images, item: string): string | undefined {
  return images.find(({ Id }) => Id.startsWith(item))?.Id;
}

function findNamed(images: Images, text: string): string | undefined {
  const wanted = readImageName(text);
  const isNamed = (tag: string): boolean => {
    const name: ImageName | undefined = readImageName(tag);
    return wanted !== undefined && name !== undefined && isSameName(wanted, name);
  };
  return images.find(({ RepoTags }) => (RepoTags ?? []).some(isNamed))?.Id;
}

function findBases(images: Images, { bases, pull }: CacheQuery): Record<string, string> {
  return Object.fromEntries(
    (pull === 'missing' ? bases : []).flatMap(({ name }) => {
      const id = findNamed(images, name);
      return id === undefined ? [] : [[name, id]];
    }),
  );
}

/** Docker before 23 takes an image for whichever platform it is. */
async function isFor(
  docker: EngineApi,
  id: string,
  platform: CacheQuery['bases'][number]['platform'],
  signal: AbortSignal,
): Promise<boolean> {
  const request = { method: 'GET', path: `images/${id}/json`, signal } as const;
  const { Os, Architecture } = await docker.requestJson('inspect an image', imageSchema, request);
  const found = platformOf({ os: Os, architecture: Architecture });
  return found !== undefined && platformParts(found).architecture === platformParts(platform).architecture;
}
