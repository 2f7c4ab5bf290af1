import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Build, buildSchema, isEnd } from '../../shared/build.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';

/** A build on disk, with the id of the process that runs it: a build whose process has died is no longer running. */
const recordSchema = z.preprocess(migrate, z.object({ version: z.literal(2), pid: z.number(), build: buildSchema }));

const version1Schema = z.looseObject({
  version: z.literal(1),
  build: z.looseObject({
    request: z.looseObject({}),
    jobs: z.array(z.looseObject({ status: z.string() })),
  }),
});

/** Names that version 1 has for the retention of a request, its values, and a phase. */
const version1Names = { retention: 'residue', tagged: 'keep', nothing: 'cleanup', transferring: 'pulling' } as const; // cspell:disable-line

/** Converts a record of version 1. Returns any other record as it is. */
function migrate(record: unknown): unknown {
  const { data } = version1Schema.safeParse(record);
  if (!data) {
    return record;
  }
  const { [version1Names.retention]: oldRetention = 'cache', ...request } = data.build.request;
  const { tagged, nothing, transferring } = version1Names;
  const retention = oldRetention === tagged ? 'tagged' : oldRetention === nothing ? 'nothing' : oldRetention;
  const jobs = data.build.jobs.map((job) => (job.status === transferring ? { ...job, status: 'transferring' } : job));
  return { ...data, version: 2, build: { ...data.build, request: { ...request, retention }, jobs } };
}

/** How many records are read or deleted at once. There may be more records than a process may open files. */
const filesAtOnce = 32;

/** The history of builds: for each build its request, outcome and times as JSON, its Containerfile and its logs. */
export class History {
  readonly #folder: string;
  /**
   * The builds that this process runs. Its pid alone does not prove that: a process that has died may have had the same
   * pid.
   */
  static readonly #running = new Set<string>();

  /** @param folder holds a folder for each build, named by its id. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** An id that sorts by time and is a valid file name on every system. */
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
      await writeFileAtomic(path, `${JSON.stringify({ version: 2, pid: process.pid, build }, null, 2)}\n`);
    } catch (error) {
      throw diskFailure(error, path);
    }
  }

  /** @throws Failure `build.unknown` */
  async get(id: string): Promise<Build> {
    const build = /^[\w-]+$/.test(id) ? await this.#read(id) : undefined;
    if (!build) {
      throw fail('build.unknown', `There is no build "${id}".`, 'List all builds: `barnraiser builds`.');
    }
    return build;
  }

  /** Saves a copy of the Containerfile, so that steps can be shown in it even if the file changes later. */
  async saveContainerfile(id: string, path: string): Promise<void> {
    const copy = join(this.#folder, id, 'Containerfile');
    await copyFile(path, copy).catch((error: unknown) => {
      throw diskFailure(error, copy);
    });
  }

  /** The saved Containerfile of a build. @throws Failure `build.unknown` */
  async containerfile(id: string): Promise<{ path: string; text: string }> {
    const { request } = await this.get(id);
    const text = await readFile(join(this.#folder, id, 'Containerfile'), 'utf8').catch(() => '');
    return { path: request.file ?? 'Containerfile', text };
  }

  /** Deletes a build and its logs. @throws Failure `build.unknown` */
  async remove(id: string): Promise<void> {
    await this.get(id);
    await this.#delete(id);
  }

  /**
   * Deletes all but the newest builds. Running builds stay. A build that cannot be deleted is tried again at the next
   * call.
   */
  async retain(count: number): Promise<void> {
    const builds = await this.list();
    const old = builds.slice(count).filter(({ status }) => status !== 'running');
    // another Barnraiser process may delete the same builds at the same time
    await pLimit(filesAtOnce).map(old, ({ id }) => this.#delete(id).catch(() => undefined));
  }

  async #delete(id: string): Promise<void> {
    await rm(join(this.#folder, id), { recursive: true, force: true });
  }

  /** All builds, newest first. Unreadable records are left out and stay on disk. */
  async list(): Promise<Build[]> {
    const ids = await readdir(this.#folder).catch(() => []);
    const builds = await pLimit(filesAtOnce).map(ids.sort().reverse(), (id) => this.#read(id));
    return builds.filter((build) => build !== undefined);
  }

  async #read(id: string): Promise<Build | undefined> {
    try {
      const record = recordSchema.parse(JSON.parse(await readFile(join(this.#folder, id, 'build.json'), 'utf8')));
      const isRunning = record.pid === process.pid ? History.#running.has(id) : isAlive(record.pid);
      return record.build.status === 'running' && !isRunning ? interrupted(record.build) : record.build;
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
    // EPERM: the process exists and belongs to another user
    return errnoCode(error) === 'EPERM';
  }
}

function interrupted(build: Build): Build {
  const { problem } = fail(
    'build.incomplete',
    `Barnraiser was closed while it built ${build.reference}.`,
    'Start the build again. Finished steps are cached on the nodes.',
  );
  const jobs = build.jobs.map((job) => (isEnd(job.status) ? job : { ...job, status: 'failed' as const, problem }));
  return { ...build, status: 'failed', problem, jobs };
}
