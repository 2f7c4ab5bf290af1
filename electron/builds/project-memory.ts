import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import type { BuildRequest } from '../../shared/build.ts';
import { type Platform, platformSchema } from '../../shared/platform.ts';

/** What the last build of a project left on one node for one platform: the cache of the next. */
const remainsSchema = z.object({
  platform: platformSchema,
  node: z.string(),
  imageId: z.string(),
  /** Ids (or unique prefixes) of the images that its steps left. */
  layers: z.array(z.string()),
});
export type CachedImages = Readonly<z.infer<typeof remainsSchema>>;

const fileSchema = z.object({ version: z.literal(1), context: z.string(), remains: z.array(remainsSchema) });

/**
 * A project is a folder, a Containerfile in it and a target. Its id is stable, since engines remember which layers they
 * have sent per repository, and names the repository that its images come back to.
 */
export function projectId(request: Pick<BuildRequest, 'context' | 'file' | 'target'>): string {
  const text = JSON.stringify([request.context, request.file ?? '', request.target ?? '']);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Remembers where a project was built and what that left there. Losing this file costs a cache, never an image. */
export class ProjectMemory {
  readonly #path: string;
  readonly #context: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string, id: string, context: string) {
    this.#path = join(folder, `${id}.json`);
    this.#context = context;
  }

  async all(): Promise<CachedImages[]> {
    try {
      return fileSchema.parse(JSON.parse(await readFile(this.#path, 'utf8'))).remains;
    } catch {
      return []; // never built, or a file that we cannot read: then nothing is known, which is always safe
    }
  }

  async find(platform: Platform, node: string): Promise<CachedImages | undefined> {
    return (await this.all()).find((remains) => remains.platform === platform && remains.node === node);
  }

  /** Replaces what is remembered of a platform on a node; undefined forgets it. The newest stands first. */
  replace(platform: Platform, node: string, remains: CachedImages | undefined): Promise<void> {
    const write = async (): Promise<void> => {
      const others = (await this.all()).filter((other) => other.platform !== platform || other.node !== node);
      const all = remains ? [remains, ...others] : others;
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFileAtomic(this.#path, JSON.stringify({ version: 1, context: this.#context, remains: all }, null, 2));
    };
    // jobs of one build end at the same time: one write after another
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }

  /** For each platform the node that built it last. */
  async lastBuiltOn(): Promise<Record<Platform, string>> {
    const nodes: Record<string, string> = {};
    for (const { platform, node } of await this.all()) {
      nodes[platform] ??= node;
    }
    return nodes;
  }
}
