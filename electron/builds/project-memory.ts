import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { materialsSchema } from '../../shared/build.ts';
import { dataFormats } from '../../shared/data-formats.ts';
import { type JobTime, jobTimeSchema } from '../../shared/emulation.ts';
import { digestSchema } from '../../shared/image.ts';
import { type Platform, platformSchema } from '../../shared/platform.ts';
import type { ContextSource } from '../context/context-source.ts';
import { descriptorSchema } from '../images/manifest.ts';
import { nodeSlowness } from '../scheduling/node-slowness.ts';
import { keepIfOlder, readVersioned, type VersionedContent } from '../settings/versioned-file.ts';
import { diskFailure } from '../system/file-errors.ts';
import { withFileLock } from '../system/file-lock.ts';
import { contextKeySuffix, findContextKey } from './context-key.ts';

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

/** The last finished job of a project on one node for one platform, and what it was made of. See `RepeatedJob`. */
const jobResultSchema = z.object({
  platform: platformSchema,
  node: z.string(),
  /** The build that made the image. */
  buildId: z.string(),
  /** From `optionsFingerprint`. */
  options: z.string(),
  /** The digest of the packed context. */
  context: z.string(),
  /** The digests of the additional build contexts. Older versions had none. */
  contexts: z.record(z.string(), z.string()).default({}),
  /** What each base image was, see `CacheState`. */
  bases: z.record(z.string(), z.string()),
  items: z.array(z.string()),
  imageId: z.string(),
  image: z.object({ digest: digestSchema, mediaType: z.string(), attachments: z.array(descriptorSchema) }),
  mismatch: z.string().optional(),
  /** What it was made of, if that was recorded. */
  materials: materialsSchema.optional(),
});
export type JobResult = Readonly<z.infer<typeof jobResultSchema>>;

/** The images of finished steps of jobs that failed since the last one that was done. */
const unfinishedSchema = z.object({ platform: platformSchema, node: z.string(), layers: z.array(z.string()) });
type Unfinished = Readonly<z.infer<typeof unfinishedSchema>>;

/** The size of the context and of the image of the last build, as they were sent. In bytes. */
const spaceSchema = z.object({ contextBytes: z.number(), imageBytes: z.number() });
export type ProjectSpace = Readonly<z.infer<typeof spaceSchema>>;

/** So many job times are kept of a project, and of each platform on a node. */
const maxTimes = 400;
const maxTimesOfJob = 8;
/** Of so many projects, those that were built last, the job times are compared for the speed of nodes. */
const maxComparedProjects = 100;

/** The name of the list in version 1. */
const oldListName = 'remains';

export const projectRecord = {
  version: dataFormats.projects.version,
  schema: z.object({
    context: z.string(),
    cachedImages: z.array(cachedImagesSchema),
    // older versions have neither
    results: z.array(jobResultSchema).catch([]),
    times: z.array(jobTimeSchema).catch([]),
    space: spaceSchema.optional().catch(undefined),
    unfinished: z.array(unfinishedSchema).catch([]),
  }),
  migrations: {
    1: ({ [oldListName]: cachedImages, ...others }: Readonly<Record<string, unknown>>) => ({ ...others, cachedImages }),
  },
};
type Memory = Pick<z.infer<typeof projectRecord.schema>, 'cachedImages' | 'results' | 'times' | 'unfinished'> & {
  readonly space?: ProjectSpace | undefined;
};

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
  /** By the names of the files. */
  readonly #times = new Map<string, { changedMs: number; times: readonly JobTime[] }>();

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

  /** How many times longer jobs take on each node than on others, as far as projects were built on several nodes. */
  async slowness(): Promise<Record<string, number>> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => name.endsWith('.json'));
    const files = await Promise.all(names.map((name) => this.#timesIn(name)));
    const newest = files.sort((one, other) => other.changedMs - one.changedMs).slice(0, maxComparedProjects);
    return nodeSlowness(newest.map(({ times }) => times));
  }

  /** The job times of a project, which are read again when its file has changed. */
  async #timesIn(name: string): Promise<{ changedMs: number; times: readonly JobTime[] }> {
    const { mtimeMs: changedMs } = await stat(join(this.#folder, name)).catch(() => ({ mtimeMs: 0 }));
    const known = this.#times.get(name);
    if (known && known.changedMs === changedMs) {
      return known;
    }
    const times = await new ProjectMemory(this.#folder, name.slice(0, -'.json'.length), '').times();
    const read = { changedMs, times };
    this.#times.set(name, read);
    return read;
  }

  /** The ids (or unique prefixes) of all images that are the cache of a project on a node. */
  cachedOn(node: string): Promise<string[]> {
    return cachedOn(this.#folder, node);
  }

  /** What projects have on all nodes as their cache: images as in {@link cachedOn}, and records of the engine's build cache. */
  async cacheByNode(): Promise<ReadonlyMap<string, { readonly images: string[]; readonly records: string[] }>> {
    const nodes = new Map<string, { readonly images: string[]; readonly records: string[] }>();
    const of = (node: string) => {
      const entry = nodes.get(node) ?? { images: [], records: [] };
      nodes.set(node, entry);
      return entry;
    };
    for (const memory of await memoriesIn(this.#folder)) {
      for (const { node, layers, imageId } of await memory.list()) {
        of(node).images.push(...layers, imageId);
      }
      for (const { node, layers } of await memory.unfinished()) {
        of(node).images.push(...layers);
      }
      for (const { node, items } of await memory.results()) {
        of(node).records.push(...items);
      }
    }
    return nodes;
  }
}

async function memoriesIn(folder: string): Promise<ProjectMemory[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  return names.map((name) => new ProjectMemory(folder, name.slice(0, -'.json'.length), ''));
}

/** The images that projects have as their cache on a node. */
async function cachedOn(folder: string, node: string): Promise<string[]> {
  const images: string[] = [];
  for (const memory of await memoriesIn(folder)) {
    const cached = await memory.list();
    const unfinished = await memory.unfinished();
    images.push(
      ...cached.filter((some) => some.node === node).flatMap(({ layers, imageId }) => [...layers, imageId]),
      ...unfinished.filter((some) => some.node === node).flatMap(({ layers }) => layers),
    );
  }
  return images;
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
  /** Changes that wait for the write that comes next, after the last one. */
  readonly #changes: ((memory: Memory) => Memory)[] = [];
  #nextWrite: Promise<void> | undefined;
  #lastWrite: Promise<void> = Promise.resolve();

  /** @param oldId that of an older version, whose memory is read until there is a newer one */
  constructor(folder: string, id: string, context: string, oldId = id) {
    this.id = id;
    this.#path = join(folder, `${id}.json`);
    this.#oldPath = join(folder, `${oldId}.json`);
    this.#context = context;
  }

  /** The cached images of all nodes, newest first. */
  async list(): Promise<CachedImages[]> {
    return (await this.#read()).cachedImages;
  }

  async #read(): Promise<Memory> {
    const file = await this.#readFile();
    // no build yet, or an unreadable file: it is always safe to know nothing
    return file?.kind === 'valid' ? file.value : { cachedImages: [], results: [], times: [], unfinished: [] };
  }

  async #readFile(): Promise<VersionedContent<Memory> | undefined> {
    try {
      const text = await readFile(this.#path, 'utf8').catch(() => readFile(this.#oldPath, 'utf8'));
      return readVersioned<Memory>(text, projectRecord);
    } catch {
      return undefined;
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
    return this.#change((memory) => ({
      ...memory,
      cachedImages: withEntry(memory.cachedImages, platform, node, cached),
    }));
  }

  /** The last finished jobs of all platforms and nodes. */
  async results(): Promise<readonly JobResult[]> {
    return (await this.#read()).results;
  }

  /** The last finished job for a platform on a node. */
  async findResult(platform: Platform, node: string): Promise<JobResult | undefined> {
    return (await this.#read()).results.find((result) => result.platform === platform && result.node === node);
  }

  /** Replaces it. Undefined removes it. @throws Failure like {@link replace} */
  replaceResult(platform: Platform, node: string, result: JobResult | undefined): Promise<void> {
    return this.#change((memory) => ({ ...memory, results: withEntry(memory.results, platform, node, result) }));
  }

  /** How long jobs took that did work, newest first. */
  async times(): Promise<readonly JobTime[]> {
    return (await this.#read()).times;
  }

  /** Adds the time of a job. The oldest ones are forgotten. @throws Failure like {@link replace} */
  addTime(time: JobTime): Promise<void> {
    return this.#change((memory) => {
      const same = memory.times.filter((other) => other.platform === time.platform && other.node === time.node);
      const forgotten = new Set(same.slice(maxTimesOfJob - 1));
      const times = [time, ...memory.times.filter((other) => !forgotten.has(other))].slice(0, maxTimes);
      return { ...memory, times };
    });
  }

  /** What failed jobs have left on all nodes. */
  async unfinished(): Promise<readonly Unfinished[]> {
    return (await this.#read()).unfinished;
  }

  /** The images of steps that failed jobs have left on a node. */
  async unfinishedOn(platform: Platform, node: string): Promise<readonly string[]> {
    const all = await this.unfinished();
    return all.find((entry) => entry.platform === platform && entry.node === node)?.layers ?? [];
  }

  /** Replaces them. @throws Failure like {@link replace} */
  setUnfinished(platform: Platform, node: string, layers: readonly string[]): Promise<void> {
    const entry = layers.length === 0 ? undefined : { platform, node, layers: [...layers] };
    return this.#change((memory) => ({ ...memory, unfinished: withEntry(memory.unfinished, platform, node, entry) }));
  }

  /** What the last build took. Undefined if there is none. */
  async space(): Promise<ProjectSpace | undefined> {
    return (await this.#read()).space;
  }

  /** Replaces it. @throws Failure like {@link replace} */
  setSpace(space: ProjectSpace): Promise<void> {
    return this.#change((memory) => ({ ...memory, space }));
  }

  /** Changes that come while others are written are written together: each write waits for the disk. */
  #change(change: (memory: Memory) => Memory): Promise<void> {
    this.#changes.push(change);
    this.#nextWrite ??= this.#lastWrite
      .catch(() => undefined)
      .then(() => {
        this.#nextWrite = undefined;
        this.#lastWrite = this.#write(this.#changes.splice(0));
        return this.#lastWrite;
      });
    return this.#nextWrite;
  }

  #write(changes: readonly ((memory: Memory) => Memory)[]): Promise<void> {
    return withFileLock(this.#path, async (assertHeld) => {
      const file = await this.#readFile();
      if (file?.kind === 'newer') {
        // a newer Barnraiser knows more of the project
        return;
      }
      const memory = changes.reduce((changed, change) => change(changed), await this.#read());
      const text = JSON.stringify({ version: projectRecord.version, context: this.#context, ...memory }, null, 2);
      assertHeld();
      try {
        await keepIfOlder(this.#path, file, projectRecord.version);
        await writeFileAtomic(this.#path, text, { mode: 0o600 });
      } catch (error) {
        throw diskFailure(error, this.#path);
      }
    });
  }

  /** See {@link findContextKey}. Never rejects. @param name of an additional context */
  contextKey(context: ContextSource, name?: string): Promise<string> {
    const suffix = name === undefined ? '' : `.${nameHash(name)}`;
    return findContextKey(this.#path.replace(/\.json$/, `${suffix}${contextKeySuffix}`), context);
  }

  /** What the files of an additional context are remembered under. */
  indexName(name: string): string {
    return `${this.id}.${nameHash(name)}`;
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

function nameHash(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 8);
}

/** Newest first, with at most one entry for a platform on a node. */
function withEntry<T extends { readonly platform: Platform; readonly node: string }>(
  entries: readonly T[],
  platform: Platform,
  node: string,
  entry: T | undefined,
): T[] {
  const others = entries.filter((other) => other.platform !== platform || other.node !== node);
  return entry ? [entry, ...others] : others;
}
