import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import type { BuildRequest } from '../../shared/build.ts';
import { type Platform, platformSchema } from '../../shared/platform.ts';

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

/**
 * Identifies a project: a folder, a Containerfile and a target. The id is stable and names the repository that nodes
 * push the project's images to, because engines remember per repository which layers they have pushed.
 */
export function projectId(request: Pick<BuildRequest, 'context' | 'file' | 'target'>): string {
  const text = JSON.stringify([request.context, request.file ?? '', request.target ?? '']);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** What is remembered of all projects. Gives every build of a project the same {@link ProjectMemory}. */
export class ProjectMemories {
  readonly #folder: string;
  readonly #memories = new Map<string, ProjectMemory>();

  /** @param folder holds a file for each project. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  of(request: Pick<BuildRequest, 'context' | 'file' | 'target'>): ProjectMemory {
    const id = projectId(request);
    const memory = this.#memories.get(id) ?? new ProjectMemory(this.#folder, id, request.context);
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
  readonly #context: string;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(folder: string, id: string, context: string) {
    this.id = id;
    this.#path = join(folder, `${id}.json`);
    this.#context = context;
  }

  /** The cached images of all nodes, newest first. */
  async list(): Promise<CachedImages[]> {
    try {
      return fileSchema.parse(JSON.parse(await readFile(this.#path, 'utf8'))).cachedImages;
    } catch {
      return []; // no build yet, or an unreadable file: it is always safe to know nothing
    }
  }

  async find(platform: Platform, node: string): Promise<CachedImages | undefined> {
    return (await this.list()).find((cached) => cached.platform === platform && cached.node === node);
  }

  /** Replaces what is remembered of a platform on a node. Undefined removes it. */
  replace(platform: Platform, node: string, cached: CachedImages | undefined): Promise<void> {
    const write = async (): Promise<void> => {
      const others = (await this.list()).filter((other) => other.platform !== platform || other.node !== node);
      const cachedImages = cached ? [cached, ...others] : others;
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFileAtomic(this.#path, JSON.stringify({ version: 2, context: this.#context, cachedImages }, null, 2));
    };
    // jobs may end at the same time, so each write waits for the one before it
    this.#lastWrite = this.#lastWrite.then(write, write);
    return this.#lastWrite;
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
