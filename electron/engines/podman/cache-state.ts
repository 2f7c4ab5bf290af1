import { z } from 'zod';
import { platformOf, platformParts } from '../../../shared/platform.ts';
import { type EngineApi, requestTimeoutMs } from '../api/engine-api.ts';
import type { BaseName, BuildCache, CacheState, FinishedBuild } from '../engine.ts';

const imageSchema = z.object({
  Id: z.string(),
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
 * podman asks no registry for it as long as the policy is `missing` or `never`. Each image is asked for by itself, because the list
 * of all images takes seconds on a node that has some hundreds (4.3.1).
 */
export function podmanCache(podman: EngineApi): BuildCache {
  return {
    read: async ({ bases, image, items }, _asksRegistry, signal) => {
      const [found, named, existing] = await Promise.all([
        findBases(podman, bases, signal),
        image === undefined ? undefined : findImage(podman, image, signal),
        Promise.all(items.map((item) => exists(podman, item, signal))),
      ]);
      return {
        bases: idsOf(found),
        items: items.filter((_, index) => existing[index]),
        ...(named ? { image: named.Id } : {}),
      };
    },
    used: async ({ bases }, before, build, signal) => {
      const found = await findBases(podman, bases, signal);
      const isUsable = bases.every(({ name, platform }) => isCachedOn(found.get(name), platform));
      const changed = bases.filter(({ name }) => found.get(name)?.Id !== before.bases[name]);
      const items = [...new Set([build.imageId, ...build.layers])];
      return isUsable && items.length <= maxItems && (await areParents(podman, changed, found, build, signal))
        ? { bases: idsOf(found), items }
        : undefined;
    },
  };
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

function idsOf(images: ReadonlyMap<string, Image>): CacheState['bases'] {
  return Object.fromEntries([...images].map(([name, { Id }]) => [name, Id]));
}

/** @param image an id or a unique prefix of one */
async function exists(podman: EngineApi, image: string, signal: AbortSignal): Promise<boolean> {
  const path = `images/${encodeURIComponent(image)}/exists`;
  const response = await podman.send('look up an image', { method: 'GET', path, timeoutMs: requestTimeoutMs, signal });
  response.body.resume();
  return response.status === 204;
}

/**
 * Whether podman uses its cache on a base image. It does not if the history does not explain every layer. If the image is for
 * another platform, podman pulls the name again.
 */
function isCachedOn(base: Image | undefined, platform: BaseName['platform']): boolean {
  const found = base && platformOf({ os: base.Os, architecture: base.Architecture });
  const explained = (base?.History ?? []).filter(({ empty_layer }) => !empty_layer).length;
  return (
    found !== undefined &&
    platformParts(found).architecture === platformParts(platform).architecture &&
    explained === (base?.RootFS?.Layers ?? []).length
  );
}

/**
 * Whether the images of a build are built on these base images, whose names meant other images before: the build has pulled them,
 * but others may have changed a name, too.
 */
async function areParents(
  podman: EngineApi,
  bases: readonly BaseName[],
  found: ReadonlyMap<string, Image>,
  { layers, imageId }: FinishedBuild,
  signal: AbortSignal,
): Promise<boolean> {
  if (bases.length === 0) {
    return true;
  }
  const made = await Promise.all([...layers, imageId].map((layer) => findImage(podman, layer, signal)));
  const parents = new Set(made.map((image) => image?.Parent));
  return bases.every(({ name }) => parents.has(found.get(name)?.Id));
}
