import { z } from 'zod';
import { digestSchema } from '../../../shared/image.ts';
import { platformOf, platformParts } from '../../../shared/platform.ts';
import { KeyedMutex } from '../../system/keyed-mutex.ts';
import { type EngineApi, requestTimeoutMs } from '../api/engine-api.ts';
import type { BaseKey, BaseName, BuildCache, CacheQuery } from '../engine.ts';
import { pullImage } from './pull.ts';

const imageSchema = z.object({
  Id: z.string(),
  /** Of its manifest. */
  Digest: digestSchema.optional().catch(undefined),
  Parent: z.string().nullish(),
  Os: z.string(),
  Architecture: z.string(),
  RootFS: z.object({ Layers: z.array(z.string()).nullish() }).nullish(),
  History: z.array(z.object({ empty_layer: z.boolean().nullish() })).nullish(),
});
type Image = z.infer<typeof imageSchema>;

/** Builds with more steps are not remembered. */
const maxItems = 500;

/**
 * What podman's build cache depends on: the images of steps are the cache, and a base image is what its name says on the node.
 * A name means one image there, for whichever platform was pulled last. With the policies `missing` and `never`, podman asks no
 * registry as long as that image is for the right platform. Each image is asked for by itself, because the list of all images
 * takes seconds on a node that has some hundreds (4.3.1).
 */
export function podmanCache(podman: EngineApi): BuildCache {
  // podman looks a name up again after it has pulled it, so that two pulls of one name for different platforms get in each other's way
  const pulls = new KeyedMutex<void>();
  const pull = async (base: BaseName, { logins }: CacheQuery, signal: AbortSignal): Promise<string | undefined> => {
    const lock = await pulls.acquire(base.name, signal);
    try {
      return lock && (await pullImage(podman, base, await logins(), signal));
    } catch {
      return undefined;
    } finally {
      lock?.release();
    }
  };
  return {
    read: async (query, _asksRegistry, signal) => {
      const { bases, image, items } = query;
      const [found, named, existing] = await Promise.all([
        findBases(podman, bases, signal),
        image === undefined ? undefined : findImage(podman, image, signal),
        Promise.all(items.map((item) => exists(podman, item, signal))),
      ]);
      return {
        bases: Object.fromEntries(
          bases.flatMap((base) => {
            const { Id } = found.get(base.name) ?? {};
            return Id === undefined ? [] : [[keyOf(base), Id]];
          }),
        ),
        items: items.filter((_, index) => existing[index]),
        ...(named ? { image: named.Id } : {}),
        pulled: bases.filter((base) => isPulled(base, query, found.get(base.name))).map(keyOf),
      };
    },
    pull: async (query, keys, signal) => {
      const bases = query.bases.filter((base) => keys.includes(keyOf(base)));
      const ids = await Promise.all(bases.map((base) => pull(base, query, signal)));
      return Object.fromEntries(
        bases.flatMap((base, index) => (ids[index] === undefined ? [] : [[keyOf(base), ids[index]]])),
      );
    },
    digests: async (bases, signal) => {
      const found = await findBases(podman, bases, signal);
      return Object.fromEntries(
        bases.flatMap(({ name, platform }) => {
          const image = found.get(name);
          // another job may have pulled the name for its own platform since
          return image?.Digest !== undefined && isFor(image, platform) ? [[name, image.Digest]] : [];
        }),
      );
    },
    used: async (query, before, build, signal) => {
      const { bases } = query;
      const items = [...new Set([build.imageId, ...build.layers])];
      if (items.length > maxItems) {
        return undefined;
      }
      const found = await findBases(podman, bases, signal);
      const parents = bases.length === 0 ? new Set<string>() : await findParents(podman, items, signal);
      const ids: Record<BaseKey, string> = {};
      for (const base of bases) {
        const named = found.get(base.name);
        // another job may have pulled the name for its own platform since
        const isTaken = query.pull !== 'never' && named !== undefined && !isFor(named, base.platform);
        const pulled = isTaken ? await pull(base, query, signal) : undefined;
        const image = pulled === undefined ? named : await findImage(podman, pulled, signal);
        // the build has pulled what had another meaning before, but others may have changed a name, too
        const isUsed = image !== undefined && (parents.has(image.Id) || before.bases[keyOf(base)] === image.Id);
        if (!isUsed || !isFor(image, base.platform) || !isCachedOn(image)) {
          return undefined;
        }
        ids[keyOf(base)] = image.Id;
      }
      return { bases: ids, items };
    },
  };
}

function keyOf({ name, platform }: BaseName): BaseKey {
  return `${name} ${platform}`;
}

/**
 * Whether podman asks a registry for a base image before it builds on it.
 * @param named what the name means on the node
 */
function isPulled({ name, platform }: BaseName, { bases, pull }: CacheQuery, named: Image | undefined): boolean {
  switch (pull) {
    case 'never':
      return false;
    case 'missing':
      // a stage that needs another platform may change what the name means for the next one
      return !isFor(named, platform) || bases.some((other) => other.name === name && other.platform !== platform);
    default:
      return true;
  }
}

/** The image that podman takes for a name. */
async function findImage(podman: EngineApi, name: string, signal: AbortSignal): Promise<Image | undefined> {
  const action = 'inspect an image';
  const path = `images/${encodeURIComponent(name)}/json`;
  const response = await podman.send(action, { method: 'GET', path, timeoutMs: requestTimeoutMs, signal });
  const text = await podman.readText(action, response.body, signal);
  return response.status === 200 ? podman.parse(action, imageSchema, text) : undefined;
}

async function findBases(
  podman: EngineApi,
  bases: readonly BaseName[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Image>> {
  const names = [...new Set(bases.map(({ name }) => name))];
  const images = await Promise.all(names.map((name) => findImage(podman, name, signal)));
  const found = new Map<string, Image>();
  for (const [index, name] of names.entries()) {
    const image = images[index];
    if (image) {
      found.set(name, image);
    }
  }
  return found;
}

/** @param image an id or a unique prefix of one */
async function exists(podman: EngineApi, image: string, signal: AbortSignal): Promise<boolean> {
  const path = `images/${encodeURIComponent(image)}/exists`;
  const response = await podman.send('look up an image', { method: 'GET', path, timeoutMs: requestTimeoutMs, signal });
  response.body.resume();
  return response.status === 204;
}

/** Whether an image is for a platform. If it is not, podman pulls its name again. */
function isFor(image: Image | undefined, platform: BaseName['platform']): boolean {
  const found = image && platformOf({ os: image.Os, architecture: image.Architecture });
  return found !== undefined && platformParts(found).architecture === platformParts(platform).architecture;
}

/** Whether podman uses its cache on a base image. It does not if the history does not explain every layer. */
function isCachedOn({ History, RootFS }: Image): boolean {
  return (History ?? []).filter(({ empty_layer }) => !empty_layer).length === (RootFS?.Layers ?? []).length;
}

/** The ids of the images that images are built on. */
async function findParents(
  podman: EngineApi,
  images: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const made = await Promise.all(images.map((image) => findImage(podman, image, signal)));
  return new Set(made.flatMap((image) => (image?.Parent ? [image.Parent] : [])));
}
