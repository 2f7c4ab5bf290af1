import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Build, buildSchema, isEnd } from '../../shared/build.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { diskFailure } from '../system/file-errors.ts';

/** A build on disk, with the process that runs it, so that a build whose process died is not shown as running for ever. */
const recordSchema = z.object({ version: z.literal(1), pid: z.number(), build: buildSchema });

/** How many records are read or removed at once: there may be more of them than a process may have files open. */
const filesAtOnce = 32;

/** Every build there was: its request, outcome and times as JSON, and its logs beside it. */
export class History {
  readonly #folder: string;
  /** The builds that this very process runs: its number alone may be that of a process long dead. */
  static readonly #running = new Set<string>();

  /** @param folder holds a folder for each build, named by its id. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** An id that sorts by time and is a file name everywhere. */
  static newId(now: Date, suffix: string): string {
    return `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${suffix}`;
  }

  logPath(id: string, platform: Platform): string {
    return join(this.#folder, id, `${platform.replaceAll('/', '-')}.log`);
  }

  /** @throws Failure `disk.full`, `settings.unwritable` */
  async save(build: Build): Promise<void> {
    if (build.status === 'running') {
      History.#running.add(build.id);
    } else {
      History.#running.delete(build.id);
    }
    const path = join(this.#folder, build.id, 'build.json');
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomic(path, `${JSON.stringify({ version: 1, pid: process.pid, build }, null, 2)}\n`);
    } catch (error) {
      throw diskFailure(error, path);
    }
  }

  /** @throws Failure `build.unknown` */
  async get(id: string): Promise<Build> {
    const build = /^[\w-]+$/.test(id) ? await this.#read(id) : undefined;
    if (!build) {
      throw fail('build.unknown', `There is no build "${id}".`, 'List the builds with `barnraiser builds`.');
    }
    return build;
  }

  /** Keeps the Containerfile as it was built, so that a failed step can be shown in it however it changes later. */
  async keepContainerfile(id: string, path: string): Promise<void> {
    const copy = join(this.#folder, id, 'Containerfile');
    await copyFile(path, copy).catch((error: unknown) => {
      throw diskFailure(error, copy);
    });
  }

  /** The Containerfile of a build. @throws Failure `build.unknown` */
  async containerfile(id: string): Promise<{ path: string; text: string }> {
    const { request } = await this.get(id);
    const text = await readFile(join(this.#folder, id, 'Containerfile'), 'utf8').catch(() => '');
    return { path: request.file ?? 'Containerfile', text };
  }

  /** Forgets a build with its logs. @throws Failure `build.unknown` */
  async remove(id: string): Promise<void> {
    await this.get(id);
    await this.#forget(id);
  }

  /** Forgets all but the newest builds; one that is running stays, and one that cannot be removed is left for the next time. */
  async retain(count: number): Promise<void> {
    const builds = await this.list();
    const old = builds.slice(count).filter(({ status }) => status !== 'running');
    // another Barnraiser may be doing the same
    await pLimit(filesAtOnce).map(old, ({ id }) => this.#forget(id).catch(() => undefined));
  }

  async #forget(id: string): Promise<void> {
    await rm(join(this.#folder, id), { recursive: true, force: true });
  }

  /** All builds, newest first. One that cannot be read is left out: its files stay where they are. */
  async list(): Promise<Build[]> {
    const ids = await readdir(this.#folder).catch(() => []);
    const builds = await pLimit(filesAtOnce).map(ids.sort().reverse(), (id) => this.#read(id));
    return builds.filter((build) => build !== undefined);
  }

  async #read(id: string): Promise<Build | undefined> {
    try {
      const record = recordSchema.parse(JSON.parse(await readFile(join(this.#folder, id, 'build.json'), 'utf8')));
      const runs = record.pid === process.pid ? History.#running.has(id) : isAlive(record.pid);
      return record.build.status === 'running' && !runs ? interrupted(record.build) : record.build;
    } catch {
      return undefined;
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function interrupted(build: Build): Build {
  const { problem } = fail(
    'build.incomplete',
    `Barnraiser ended while it built ${build.reference}.`,
    'Build it again; finished steps are cached on the nodes.',
  );
  const jobs = build.jobs.map((job) => (isEnd(job.status) ? job : { ...job, status: 'failed' as const, problem }));
  return { ...build, status: 'failed', problem, jobs };
}
