import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { type Digest, digestSchema } from '../../shared/image.ts';
import { SettingsFile } from '../settings/settings-file.ts';
import { registryNames } from './credentials.ts';

/** How many repositories are remembered, and how many blobs of each. */
const limits = { repositories: 100, blobs: 300 } as const;

/** Repositories that are asked for a blob: each costs a request. */
const maxSources = 4;

const repositorySchema = z.object({ registry: z.string(), repository: z.string(), blobs: z.array(digestSchema) });
type Repository = Readonly<z.infer<typeof repositorySchema>>;

/** Which blobs are in which repositories, for one push. */
export interface KnownLocations {
  /** Other repositories of the registry that may have the blob, the likeliest first. */
  of(digest: Digest): readonly string[];
  /** Whether the blob was in the repository that is pushed to. */
  has(digest: Digest): boolean;
  /** The blob is in the repository that is pushed to. */
  add(digest: Digest): void;
  /** The blob is not in that repository any more. */
  remove(digest: Digest, repository: string): void;
  /** Remembers what has changed. Never rejects: the next push sends a blob whose location is not known. */
  save(): Promise<void>;
}

export const blobLocationsSchema = z.object({ repositories: z.array(repositorySchema) });

/**
 * In which repositories of which registries blobs were seen, in `blob-locations.json` of the data folder: a registry can
 * mount them in another repository, so that they are not sent again. Several processes share the file.
 */
export class BlobLocations {
  readonly #file: SettingsFile<{ readonly repositories: readonly Repository[] }>;

  constructor(folder: string) {
    this.#file = new SettingsFile({
      format: dataFormats.blobLocations,
      folder,
      schema: blobLocationsSchema,
      empty: { repositories: [] },
    });
  }

  /**
   * What is known for a push to a repository.
   * @param seen repositories of the registry that may have some of the blobs, such as those of base images
   */
  async for(
    target: { readonly registry: string; readonly repository: string },
    seen: readonly string[] = [],
  ): Promise<KnownLocations> {
    const { registry, repository } = registryNames(target);
    const isTarget = (other: Repository): boolean => other.registry === registry && other.repository === repository;
    const known = await this.#file.read().catch(() => ({ repositories: [] }));
    const others = known.repositories.filter((other) => other.registry === registry && !isTarget(other));
    const blobsOf = new Map(others.map((other) => [other.repository, new Set(other.blobs)]));
    const here = new Set(known.repositories.find(isTarget)?.blobs);
    const added = new Set<Digest>();
    const removed = new Map<string, Set<Digest>>();
    const seenElsewhere = seen.filter((name) => name !== repository).slice(0, maxSources);

    const change = (repositories: readonly Repository[]): Repository[] => {
      const before = repositories.find(isTarget)?.blobs ?? [];
      const blobs = [...added, ...before.filter((digest) => !added.has(digest))].slice(0, limits.blobs);
      const rest = repositories
        .filter((other) => !isTarget(other))
        .map((other) => {
          const gone = other.registry === registry ? removed.get(other.repository) : undefined;
          return gone ? { ...other, blobs: other.blobs.filter((digest) => !gone.has(digest)) } : other;
        })
        .filter((other) => other.blobs.length > 0);
      return [{ registry, repository, blobs }, ...rest].slice(0, limits.repositories);
    };
    return {
      of: (digest) => {
        const having = [...blobsOf].filter(([, blobs]) => blobs.has(digest)).map(([name]) => name);
        return [...new Set([...having, ...seenElsewhere])].slice(0, maxSources);
      },
      has: (digest) => here.has(digest),
      add: (digest) => {
        if (!here.has(digest)) {
          here.add(digest);
          added.add(digest);
        }
      },
      remove: (digest, name) => {
        if (blobsOf.get(name)?.delete(digest)) {
          removed.set(name, (removed.get(name) ?? new Set()).add(digest));
        }
      },
      save: async () => {
        if (added.size > 0 || removed.size > 0) {
          await this.#file
            .update(({ repositories }) => ({ repositories: change(repositories) }))
            .then(
              () => {
                added.clear();
                removed.clear();
              },
              () => undefined,
            );
        }
      },
    };
  }
}
