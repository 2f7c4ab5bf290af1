import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Build, buildSchema, isEnd } from '../../shared/build.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';

/** A build on disk, with the process that runs it, so that a build whose process died is not shown as running for ever. */
const recordSchema = z.object({ version: z.literal(1), pid: z.number(), build: buildSchema });

/** Every build there was: its request, outcome and times as JSON, and its logs beside it. */
export class History {
  readonly #folder: string;

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

  async save(build: Build): Promise<void> {
    const folder = join(this.#folder, build.id);
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(
      join(folder, 'build.json'),
      `${JSON.stringify({ version: 1, pid: process.pid, build }, null, 2)}\n`,
    );
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
    await copyFile(path, join(this.#folder, id, 'Containerfile'));
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
    await rm(join(this.#folder, id), { recursive: true, force: true });
  }

  /** Forgets all but the newest builds; one that is running stays. */
  async retain(count: number): Promise<void> {
    const builds = await this.list();
    const old = builds.slice(count).filter(({ status }) => status !== 'running');
    await Promise.all(old.map(({ id }) => this.remove(id)));
  }

  /** All builds, newest first. One that cannot be read is left out: its files stay where they are. */
  async list(): Promise<Build[]> {
    const ids = await readdir(this.#folder).catch(() => []);
    const builds = await Promise.all(
      ids
        .sort()
        .reverse()
        .map((id) => this.#read(id)),
    );
    return builds.filter((build) => build !== undefined);
  }

  async #read(id: string): Promise<Build | undefined> {
    try {
      const record = recordSchema.parse(JSON.parse(await readFile(join(this.#folder, id, 'build.json'), 'utf8')));
      return record.build.status === 'running' && !isAlive(record.pid) ? interrupted(record.build) : record.build;
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
