import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Platform, platformSchema } from '../../shared/platform.ts';
import { diskFailure } from '../system/file-errors.ts';
import { withFileLock } from '../system/file-lock.ts';

/**
 * The images that the last build of a project left on one node for one platform. They are the cache of the next build.
 */
const cachedImagesSchema = z.object({
  platform: platformSchema,
  node: z.string(),
  imageId: z.string(),
  /** Ids (or unique prefixes) of the images of the build's steps. */
  layers: z.array(z.string()),
});
export type CachedImages = Readonly<z.infer<typeof cachedImagesSchema>>;

/** The name of the list in version 1. */
const oldListName = 'remains';

const fileSchema = z.union([
  z.object({ version: z.literal(2), context: z.string(), cachedImages: z.array(cachedImagesSchema) }),
  z
    .object({ version: z.literal(1), context: z.string(), [oldListName]: z.array(cachedImagesSchema) })
    .transform(({ context, [oldListName]: cachedImages }) => ({ version: 2 as const, context, cachedImages })),
]);

/** What identifies a project. Both paths are real paths. */
export interface ProjectKey {
  readonly context: string;
  readonly containerfile: string;
  readonly target?: string | undefined;
}

/**
 * The id of a project. It is stable and names the repository that nodes push the project's images to, because engines
 * remember per repository which layers they have pushed.
 */
export function projectId({ context, containerfile, target = '' }: ProjectKey): string {
  return createHash('sha256')
    .update(JSON.stringify([context, containerfile, target]))
    .digest('hex')
    .slice(0, 12);
}

/** What is remembered of all projects. Gives every build of a project the same {@link ProjectMemory}. */
export class ProjectMemories {
  readonly #folder: string;
  readonly #memories = new Map<string, ProjectMemory>();

  /** @param folder holds a file for each project. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param file the Containerfile as the request names it, by which older versions identified the project */
  of(key: ProjectKey, file = ''): ProjectMemory {
    const id = projectId(key);
    const oldId = projectId({ ...key, containerfile: file });
    const memory = this.#memories.get(id) ?? new ProjectMemory(this.#folder, id, key.context, oldId);
    this.#memories.set(id, memory);
    return memory;
  }
}

/**
 * Remembers on which nodes a project was built and which images are cached there. If the file is lost, no image is
 * lost.
 */
export class ProjectMemory {
  /** From {@link projectId}. */
  readonly id: string;
  readonly #path: string;
  readonly #oldPath: string;
  readonly #context: string;

  /** @param oldId that of an older version, whose memory is read until there is a newer one */
  constructor(folder: string, id: string, context: string, oldId = id) {
    this.id = id;
    this.#path = join(folder, `${id}.json`);
    this.#oldPath = join(folder, `${oldId}.json`);
    this.#context = context;
  }

  /** The cached images of all nodes, newest first. */
  async list(): Promise<CachedImages[]> {
    try {
      const text = await readFile(this.#path, 'utf8').catch(() => readFile(this.#oldPath, 'utf8'));
      return fileSchema.parse(JSON.parse(text)).cachedImages;
    } catch {
      return []; // no build yet, or an unreadable file: it is always safe to know nothing
    }
  }

  async find(platform: Platform, node: string): Promise<CachedImages | undefined> {
    return (await this.list()).find((cached) => cached.platform === platform && cached.node === node);
  }

  /**
   * Replaces what is remembered of a platform on a node. Undefined removes it. Jobs of several builds and processes may
   * do so at once.
   * @throws Failure `settings.locked`, `settings.unwritable`, `disk.full`
   */
  replace(platform: Platform, node: string, cached: CachedImages | undefined): Promise<void> {
    return withFileLock(this.#path, async (assertHeld) => {
      const others = (await this.list()).filter((other) => other.platform !== platform || other.node !== node);
      const cachedImages = cached ? [cached, ...others] : others;
      const text = JSON.stringify({ version: 2, context: this.#context, cachedImages }, null, 2);
      assertHeld();
      await writeFileAtomic(this.#path, text, { mode: 0o600 }).catch((error: unknown) => {
        throw diskFailure(error, this.#path);
      });
    });
  }

  /** The node that last built each platform. */
  async lastBuiltOn(): Promise<Record<Platform, string>> {
    const nodes: Record<string, string> = {};
    for (const { platform, node } of await this.list()) {
      nodes[platform] ??= node;
    }
    return nodes;
  }
}
