/**
 * What jobs have on their nodes, known to all processes that share a folder: so that what a killed process left on a node is found,
 * and no image is removed that another build may be using.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import type { Platform } from '../../shared/platform.ts';
import type { CacheRetention } from '../engines/engine.ts';
import { readVersioned } from '../settings/versioned-file.ts';
import { diskFailure } from '../system/file-errors.ts';
import { withFileLock } from '../system/file-lock.ts';
import { removeAll, without } from './retention.ts';
import { platformName, type RunningBuilds } from './running-builds.ts';

/** What was left so long ago is forgotten: the node may be gone. In milliseconds. */
const maxAgeMs = 30 * 24 * 60 * 60 * 1000;

export const nodeJobRecord = {
  version: dataFormats.nodeJobs.version,
  schema: z.object({ buildId: z.string(), node: z.string(), tag: z.string() }),
};
export const unneededRecord = {
  version: dataFormats.unneededImages.version,
  schema: z.object({ images: z.array(z.string()) }),
};

const jobSuffix = '.job.json';

export interface JobOnNode {
  readonly buildId: string;
  readonly platform: Platform;
  readonly node: string;
  /** The name of the image on the node while the build runs. */
  readonly tag: string;
}

/** A job that is recorded. Its `id` identifies what belongs to it on the node. */
export interface RecordedJob {
  readonly id: string;
  readonly node: string;
}

/** What is done on nodes to clean up. */
type Cleaner = Pick<CacheRetention, 'remove' | 'removeLeftovers'>;

export class NodeWork {
  readonly #folder: string;
  readonly #running: Pick<RunningBuilds, 'isRunning'>;
  readonly #cachedOn: (node: string) => Promise<readonly string[]>;
  /** The ids of the jobs that this process has begun, and of those that have not lost their node. */
  readonly #begun = new Set<string>();
  readonly #own = new Set<string>();
  /** What cleans up after jobs of killed processes now, by their ids. Never rejects. */
  readonly #cleaning = new Map<string, Promise<void>>();

  /** @param cachedOn the images that are the cache of a project on a node, which are not removed */
  constructor(
    folder: string,
    running: Pick<RunningBuilds, 'isRunning'>,
    cachedOn: (node: string) => Promise<readonly string[]>,
  ) {
    this.#folder = folder;
    this.#running = running;
    this.#cachedOn = cachedOn;
  }

  /** Records a job before it begins on its node. @throws Failure `disk.full`, `settings.unwritable` */
  async begin({ buildId, platform, node, tag }: JobOnNode): Promise<RecordedJob> {
    const id = `${buildId}.${platformName(platform)}.${randomBytes(4).toString('hex')}`;
    const path = join(this.#folder, `${id}${jobSuffix}`);
    this.#begun.add(id);
    this.#own.add(id);
    const write = () => writeRecord(path, { version: nodeJobRecord.version, buildId, node, tag });
    // not while images are removed on the node, unless that takes too long
    await withFileLock(this.#lockPath(node), write).catch(write);
    return { id, node };
  }

  /**
   * To be called when nothing of a job is left on its node but images. Removes the images that are not needed, or, while other
   * jobs run on the node, leaves that to the last of them: between two steps of a build, nothing marks the image as in use that
   * its next step is built on.
   *
   * @param engine missing for one that has no images. @param unneeded oldest first
   */
  async end(job: RecordedJob, engine: Cleaner | undefined, unneeded: readonly string[]): Promise<void> {
    await withFileLock(this.#lockPath(job.node), async (assertHeld) => {
      await this.#forget(job.id);
      await this.#remove(job, engine, unneeded, assertHeld);
    });
  }

  /**
   * As {@link end}, while the job goes on, and what it has built has its name on the node. Never rejects: what cannot be removed
   * is left to the last job on the node.
   */
  async removeDuring(job: RecordedJob, engine: Cleaner | undefined, unneeded: readonly string[]): Promise<void> {
    if (unneeded.length === 0) {
      return;
    }
    const remove = (assertHeld: () => void) => this.#remove(job, engine, unneeded, assertHeld);
    await withFileLock(this.#lockPath(job.node), remove).catch(() => undefined);
  }

  async #remove(
    { id, node }: RecordedJob,
    engine: Cleaner | undefined,
    unneeded: readonly string[],
    assertHeld: () => void,
  ): Promise<void> {
    const images = [...(await this.#readUnneeded(node)), ...unneeded];
    if (images.length === 0 || !engine) {
      return;
    }
    assertHeld();
    if (await this.isUsed(node, id)) {
      await this.#writeUnneeded(node, images);
      return;
    }
    try {
      await removeAll(engine, without(images, await this.#cachedOn(node)));
    } catch (error) {
      await this.#writeUnneeded(node, images);
      throw error;
    }
    await rm(this.#unneededPath(node), { force: true });
  }

  /** To be called when a node was lost during a job: what is left there is cleaned up by the next build. */
  leave({ id }: RecordedJob): void {
    this.#own.delete(id);
  }

  /** Whether jobs of killed processes, or jobs that lost the node, have left something there. */
  async hasLeftovers(node: string): Promise<boolean> {
    for (const job of await this.#jobsOn(node)) {
      if (!this.#cleaning.has(job.id) && !(await this.#isAlive(job))) {
        return true;
      }
    }
    return false;
  }

  /**
   * Ends and removes what jobs of killed processes, and jobs that lost the node, have left on a node. Never rejects.
   * @param engine missing for one that keeps nothing
   */
  async cleanUp(node: string, engine: Cleaner | undefined): Promise<void> {
    for (const job of await this.#jobsOn(node)) {
      if (await this.#isAlive(job)) {
        continue;
      }
      const running = this.#cleaning.get(job.id);
      const cleaning = running ?? this.#removeLeftovers(job, engine);
      if (!running) {
        this.#cleaning.set(job.id, cleaning);
        void cleaning.finally(() => this.#cleaning.delete(job.id));
      }
      await cleaning;
    }
  }

  async #removeLeftovers(job: StoredJob, engine: Cleaner | undefined): Promise<void> {
    try {
      await engine?.removeLeftovers(job);
      await this.#forget(job.id);
    } catch {
      // the next build tries again
    }
  }

  /** The ids of jobs of killed processes, or that lost the node, which {@link cleanUp} would end. */
  async left(node: string): Promise<string[]> {
    const jobs = await this.#jobsOn(node);
    const areAlive = await Promise.all(jobs.map((job) => this.#isAlive(job)));
    return jobs.filter((_, position) => !areAlive[position]).map(({ id }) => id);
  }

  /** The images that {@link end} has left to the last job on a node. */
  unneeded(node: string): Promise<readonly string[]> {
    return this.#readUnneeded(node);
  }

  /** Runs `use` while no job begins on any of the nodes, unless it takes too long. */
  async whileNoneBegins<T>(nodes: readonly string[], use: (isUsed: boolean) => Promise<T>): Promise<T> {
    const [first, ...others] = [...new Set(nodes)].sort();
    return first === undefined
      ? use(false)
      : withFileLock(this.#lockPath(first), async (assertHeld) => {
          const isUsed = await this.isUsed(first);
          assertHeld();
          return this.whileNoneBegins(others, (isOtherUsed) => use(isUsed || isOtherUsed));
        });
  }

  /** Whether a job of any process runs on a node. @param except the id of one that does not count */
  async isUsed(node: string, except?: string): Promise<boolean> {
    for (const job of await this.#jobsOn(node)) {
      if (job.id !== except && (await this.#isAlive(job))) {
        return true;
      }
    }
    return false;
  }

  /** A job of this process that lost its node is over although its build goes on. */
  async #isAlive({ id, buildId, isOther }: StoredJob): Promise<boolean> {
    return isOther ? this.#running.isRunning(buildId) : this.#own.has(id);
  }

  async #jobsOn(node: string): Promise<StoredJob[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const jobs = await Promise.all(names.filter((name) => name.endsWith(jobSuffix)).map((name) => this.#read(name)));
    return jobs.filter((job) => job?.node === node).filter((job) => job !== undefined);
  }

  async #read(name: string): Promise<StoredJob | undefined> {
    const path = join(this.#folder, name);
    const id = name.slice(0, -jobSuffix.length);
    try {
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > maxAgeMs && !this.#own.has(id)) {
        await rm(path, { force: true });
        return undefined;
      }
      const job = readVersioned(await readFile(path, 'utf8'), nodeJobRecord);
      return job.kind === 'valid' ? { id, ...job.value, isOther: !this.#begun.has(id) } : undefined;
    } catch {
      return undefined;
    }
  }

  async #forget(id: string): Promise<void> {
    this.#own.delete(id);
    this.#begun.delete(id);
    await rm(join(this.#folder, `${id}${jobSuffix}`), { force: true });
  }

  async #readUnneeded(node: string): Promise<string[]> {
    try {
      const file = readVersioned(await readFile(this.#unneededPath(node), 'utf8'), unneededRecord);
      return file.kind === 'valid' ? file.value.images : [];
    } catch {
      return [];
    }
  }

  async #writeUnneeded(node: string, images: readonly string[]): Promise<void> {
    await writeRecord(this.#unneededPath(node), { version: unneededRecord.version, images: [...new Set(images)] });
  }

  #unneededPath(node: string): string {
    return join(this.#folder, `${nodeName(node)}.unneeded.json`);
  }

  #lockPath(node: string): string {
    return join(this.#folder, nodeName(node));
  }
}

interface StoredJob {
  readonly id: string;
  readonly buildId: string;
  readonly node: string;
  readonly tag: string;
  /** Another process has begun it. */
  readonly isOther: boolean;
}

async function writeRecord(path: string, value: object): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(value), { mode: 0o600 }).catch((error: unknown) => {
    throw diskFailure(error, path);
  });
}

/** The name of a node as a part of file names. */
function nodeName(node: string): string {
  return createHash('sha256').update(node).digest('hex').slice(0, 16);
}
