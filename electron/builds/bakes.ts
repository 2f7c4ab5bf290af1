/** Bakes: builds of several images, those that others depend on first. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Bake, type BakedImage, bakeSchema, bakeStatus, type ImageStatus } from '../../shared/bake.ts';
import { bakeIdPrefix } from '../../shared/bake-id.ts';
import type { Build } from '../../shared/build.ts';
import type { SecretInputs } from '../../shared/build-secrets.ts';
import { dataFormats } from '../../shared/data-formats.ts';
import { outputOf } from '../../shared/output.ts';
import { Failure, fail, type Problem, problemOf } from '../../shared/problem.ts';
import type { Credentials } from '../../shared/push.ts';
import { type BakeImage, bakeImageSchema } from '../../shared/recipe.ts';
import type { Events } from '../events.ts';
import { readVersioned } from '../settings/versioned-file.ts';
import { diskFailure, isMissingPath } from '../system/file-errors.ts';
import { makePrivateFolder } from '../system/private-folder.ts';
import type { Builds } from './builds.ts';
import { buildCancelled } from './cancellation.ts';
import { History } from './history.ts';
import type { RunningBuilds } from './running-builds.ts';

/** Each build reads its context and probes nodes when it starts. */
const buildsAtOnce = 8;

const idPattern = /^[\w-]{1,100}$/;

/** A bake as it is kept, with what its images are made of, so that it can be repeated. */
export const bakeRecord = {
  version: dataFormats.bakes.version,
  schema: z.object({ bake: bakeSchema, images: z.array(bakeImageSchema) }),
};
type BakeRecord = z.infer<typeof bakeRecord.schema>;

export interface BakeInputs {
  readonly pushCredentials?: Credentials | undefined;
  /** What each image needs for its secrets. */
  readonly given?: Readonly<Record<string, SecretInputs>> | undefined;
}

export interface BakesOptions {
  readonly builds: Pick<Builds, 'start' | 'retry' | 'resume' | 'cancel' | 'get' | 'ended'>;
  readonly events: Events;
  /** Shows other processes which bakes run. */
  readonly running: RunningBuilds;
  /** Holds a file for each bake, named by its id. */
  readonly folder: string;
}

/** All bakes: those of this process and the kept ones. */
export class Bakes {
  readonly #options: BakesOptions;
  readonly #own = new Map<string, BakeRun>();

  constructor(options: BakesOptions) {
    this.#options = options;
  }

  /**
   * Starts a bake and resolves with its first state.
   * @throws Failure `recipe.invalid` if images depend on what is not among them or on each other, `disk.full`, `settings.unwritable`
   */
  async start(project: string, images: readonly BakeImage[], inputs: BakeInputs = {}): Promise<Bake> {
    assertSeparateOutputs(images);
    return this.#start(project, inOrder(withPulledBases(images)), inputs, new Map());
  }

  /**
   * Repeats a bake: images that are done stay, builds that were interrupted go on, the others are built.
   * @throws Failure `bake.unknown`, `bake.running`, `input.invalid` if all are done
   */
  async retry(id: string, inputs: BakeInputs = {}): Promise<Bake> {
    const { bake, images } = await this.#read(id);
    if (bake.status === 'running') {
      throw fail('bake.running', `Bake ${id} is still running.`, 'Cancel it first.');
    }
    if (bake.status === 'done') {
      throw fail('input.invalid', `All images of bake ${id} are done.`, 'Start it again to build them again.');
    }
    const earlier = new Map(bake.images.map((image) => [image.name, image]));
    return this.#start(bake.project, images, inputs, earlier);
  }

  /** Cancels all images of a bake of any process and waits for its end. @throws Failure `bake.unknown` */
  async cancel(id: string): Promise<void> {
    const own = this.#own.get(id);
    if (own) {
      await own.cancel();
      return;
    }
    const { bake } = await this.#read(id);
    if (bake.status === 'running') {
      await this.#options.running.requestCancel(id);
      await this.#options.running.ended(id);
    }
  }

  /** @throws Failure `bake.unknown` */
  async get(id: string): Promise<Bake> {
    return this.#own.get(id)?.bake ?? (await this.#read(id)).bake;
  }

  /** Cancels all bakes of this process and waits for their end. */
  async close(): Promise<void> {
    await Promise.all([...this.#own.values()].map((run) => run.cancel()));
  }

  async #start(
    project: string,
    images: readonly BakeImage[],
    inputs: BakeInputs,
    earlier: ReadonlyMap<string, BakedImage>,
  ): Promise<Bake> {
    const { running } = this.#options;
    const id = newBakeId(new Date());
    const run = new BakeRun(id, project, images, earlier, inputs, {
      ...this.#options,
      save: (record) => this.#save(record),
    });
    const release = await running.hold(id, () => void run.cancel());
    this.#own.set(id, run);
    try {
      await this.#save(run.record);
    } catch (error) {
      this.#own.delete(id);
      await release();
      throw error;
    }
    void run
      .run()
      .finally(release)
      .then(() => this.#own.delete(id));
    return run.bake;
  }

  /** @throws Failure `disk.full`, `settings.unwritable` */
  async #save(record: BakeRecord): Promise<void> {
    const path = this.#path(record.bake.id);
    try {
      await makePrivateFolder(this.#options.folder);
      await writeFileAtomic(path, JSON.stringify({ version: bakeRecord.version, ...record }), { mode: 0o600 });
    } catch (error) {
      throw diskFailure(error, path);
    }
  }

  async #read(id: string): Promise<BakeRecord> {
    const own = this.#own.get(id);
    if (own) {
      return own.record;
    }
    const unknown = fail('bake.unknown', `There is no bake ${id}.`, 'Check its id.');
    if (!idPattern.test(id)) {
      throw unknown;
    }
    const text = await readFile(this.#path(id), 'utf8').catch((error: unknown) => {
      throw isMissingPath(error) ? unknown : error;
    });
    const read = readVersioned(text, bakeRecord);
    if (read.kind !== 'valid') {
      throw read.kind === 'newer'
        ? fail('bake.unknown', `Bake ${id} was made by a newer Barnraiser.`, 'Update Barnraiser to see it.')
        : fail('bake.unknown', `The record of bake ${id} is damaged.`, 'Start the bake again.');
    }
    const record = read.value;
    return record.bake.status === 'running' && !(await this.#options.running.isRunning(id))
      ? interrupted(record)
      : record;
  }

  #path(id: string): string {
    return join(this.#options.folder, `${id}.json`);
  }
}

/** Images that are built at the same time do not write the same file. A layout holds several. @throws Failure `input.invalid` */
function assertSeparateOutputs(images: readonly BakeImage[]): void {
  const writers = new Map<string, string>();
  for (const { name, request } of images) {
    for (const { kind, path } of (request.outputs ?? []).map(outputOf)) {
      const other = path === undefined || kind === 'oci' ? undefined : writers.get(path);
      if (other !== undefined && other !== name) {
        throw fail(
          'input.invalid',
          `The outputs of ${other} and ${name} go to ${path}.`,
          `Choose another place for one of them: --set ${name}.output=…`,
        );
      }
      writers.set(path ?? '', name);
    }
  }
}

interface RunOptions extends Omit<BakesOptions, 'folder' | 'running'> {
  readonly save: (record: BakeRecord) => Promise<void>;
}

/** One bake from its first build to its end. */
class BakeRun {
  readonly #options: RunOptions;
  readonly #requests: readonly BakeImage[];
  readonly #inputs: BakeInputs;
  readonly #earlier: ReadonlyMap<string, BakedImage>;
  readonly #startedMs = performance.now();
  readonly #limit = pLimit(buildsAtOnce);
  readonly #cancelled = new AbortController();
  readonly #images: Map<string, BakedImage>;
  readonly #tasks = new Map<string, Promise<void>>();
  #bake: Bake;
  #ended: Promise<void> = Promise.resolve();
  #saving: Promise<unknown> = Promise.resolve();

  constructor(
    id: string,
    project: string,
    requests: readonly BakeImage[],
    earlier: ReadonlyMap<string, BakedImage>,
    inputs: BakeInputs,
    options: RunOptions,
  ) {
    this.#options = options;
    this.#requests = requests;
    this.#earlier = earlier;
    this.#inputs = inputs;
    this.#images = new Map(
      requests.map(({ name, description, request: { reference }, depends }): [string, BakedImage] => {
        const before = earlier.get(name);
        const image: BakedImage = {
          name,
          ...(description === undefined ? {} : { description }),
          reference,
          dependsOn: [...new Set(Object.values(depends))],
          status: 'waiting',
        };
        return [
          name,
          before?.status === 'done' && before.build !== undefined
            ? { ...image, status: 'done', build: before.build, isReused: true }
            : image,
        ];
      }),
    );
    this.#bake = { id, project, status: 'running', images: [], createdAt: new Date().toISOString() };
  }

  get bake(): Bake {
    return { ...this.#bake, images: [...this.#images.values()] };
  }

  get record(): BakeRecord {
    return { bake: this.bake, images: [...this.#requests] };
  }

  /** Runs all builds. Never rejects: a failure is the problem of its image. */
  run(): Promise<void> {
    this.#ended = this.#run();
    return this.#ended;
  }

  async cancel(): Promise<void> {
    this.#cancelled.abort();
    const builds = [...this.#images.values()].flatMap(({ status, build }) =>
      status === 'running' && build !== undefined ? [build] : [],
    );
    await Promise.all(builds.map((id) => this.#options.builds.cancel(id).catch(() => undefined)));
    await this.#ended;
  }

  async #run(): Promise<void> {
    this.#emit();
    for (const request of this.#requests) {
      this.#tasks.set(request.name, this.#bakeImage(request));
    }
    await Promise.all(this.#tasks.values());
    this.#bake = {
      ...this.#bake,
      status: bakeStatus([...this.#images.values()]),
      durationMs: Math.round(performance.now() - this.#startedMs),
    };
    this.#emit();
    await this.#saving;
  }

  async #bakeImage({ name, request, depends }: BakeImage): Promise<void> {
    if (this.#images.get(name)?.status === 'done') {
      return;
    }
    const bases = Object.values(depends);
    await Promise.all(bases.map((base) => this.#tasks.get(base)));
    const missing = bases.find((base) => this.#images.get(base)?.status !== 'done');
    if (this.#cancelled.signal.aborted) {
      this.#set(name, { status: 'cancelled' });
    } else if (missing === undefined) {
      const contexts = Object.entries(depends).map(([context, base]) => [
        context,
        `build:${this.#images.get(base)?.build}`,
      ]);
      const complete = { ...request, bake: { id: this.#bake.id, image: name } };
      await this.#limit(() =>
        this.#build(
          name,
          contexts.length === 0
            ? complete
            : { ...complete, contexts: { ...request.contexts, ...Object.fromEntries(contexts) } },
        ),
      );
    } else {
      this.#set(name, { status: 'blocked', problem: blockedProblem(name, missing) });
    }
  }

  async #build(name: string, request: BakeImage['request']): Promise<void> {
    const { builds } = this.#options;
    const { signal } = this.#cancelled;
    try {
      if (signal.aborted) {
        throw buildCancelled(request.reference);
      }
      this.#set(name, { status: 'running' });
      const { id } = await this.#startBuild(name, request);
      this.#set(name, { status: 'running', build: id });
      if (signal.aborted) {
        await builds.cancel(id);
      }
      await builds.ended(id);
      const { status, problem } = await builds.get(id);
      this.#set(name, {
        status: status === 'running' ? 'failed' : status,
        build: id,
        ...(problem === undefined ? {} : { problem }),
      });
    } catch (error) {
      const problem = problemOf(error);
      this.#set(name, signal.aborted ? { status: 'cancelled' } : { status: 'failed', problem });
    }
  }

  /** A build that failed before is repeated, so that its finished platforms are not built again. */
  async #startBuild(name: string, request: BakeImage['request']): Promise<Build> {
    const { builds } = this.#options;
    const { signal } = this.#cancelled;
    const { pushCredentials, given: all = {} } = this.#inputs;
    const given = Object.hasOwn(all, name) ? (all[name] ?? {}) : {};
    const before = this.#earlier.get(name)?.build;
    if (before !== undefined) {
      try {
        if ((await builds.get(before)).status === 'interrupted') {
          return await builds.resume({ id: before, pushCredentials, ...given }, signal);
        }
        const { contexts } = request;
        const changes = { bake: request.bake, ...(contexts === undefined ? {} : { contexts }) };
        return await builds.retry({ id: before, pushCredentials, ...given }, signal, changes);
      } catch (error) {
        // it was deleted, or all of it is done except the push
        if (!(error instanceof Failure) || !['build.unknown', 'input.invalid'].includes(error.problem.code)) {
          throw error;
        }
      }
    }
    return builds.start(request, { pushCredentials, given }, signal);
  }

  #set(
    name: string,
    change: { readonly status: ImageStatus; readonly build?: string; readonly problem?: Problem },
  ): void {
    const image = this.#images.get(name);
    if (image) {
      this.#images.set(name, { ...image, ...change });
      this.#emit();
    }
  }

  #emit(): void {
    this.#options.events.emit({ event: 'bake.changed', bake: this.bake });
    const { record } = this;
    // one save follows the other; what cannot be saved now is saved with the next change
    this.#saving = this.#saving.then(() => this.#options.save(record)).catch(() => undefined);
  }
}

function blockedProblem(name: string, base: string): Problem {
  return fail(
    'bake.dependency',
    `${name} was not built, because ${base}, which it depends on, was not built.`,
    `Retry when ${base} can be built.`,
  ).problem;
}

/** What others are built on has to be in local storage, where it is not only in a registry. */
function withPulledBases(images: readonly BakeImage[]): BakeImage[] {
  const bases = new Set(images.flatMap(({ depends }) => Object.values(depends)));
  return images.map((image) =>
    bases.has(image.name) && image.request.existing === 'skip'
      ? { ...image, request: { ...image.request, existing: 'pull' } }
      : image,
  );
}

/** Images in the order in which they can be built. @throws Failure `recipe.invalid` */
function inOrder(images: readonly BakeImage[]): BakeImage[] {
  const byName = new Map(images.map((image) => [image.name, image]));
  const ordered = new Set<BakeImage>();
  const visit = (image: BakeImage, trail: readonly string[]): void => {
    for (const base of Object.values(image.depends)) {
      const other = byName.get(base);
      if (!other || trail.includes(base)) {
        throw fail(
          'recipe.invalid',
          other
            ? `${image.name} and ${base} depend on each other.`
            : `${image.name} depends on ${base}, which is not built.`,
          'Correct what it depends on.',
        );
      }
      if (!ordered.has(other)) {
        visit(other, [...trail, base]);
      }
    }
    ordered.add(image);
  };
  for (const image of images) {
    if (!ordered.has(image)) {
      visit(image, [image.name]);
    }
  }
  return [...ordered];
}

/** A bake whose process has died. Its builds have outcomes of their own. */
function interrupted({ bake, images }: BakeRecord): BakeRecord {
  const ended = bake.images.map((image): BakedImage => {
    if (image.status !== 'running' && image.status !== 'waiting') {
      return image;
    }
    const { problem } = fail('build.incomplete', 'Barnraiser was closed before it was built.', 'Resume the bake.');
    return { ...image, status: 'interrupted', problem };
  });
  return { images, bake: { ...bake, images: ended, status: bakeStatus(ended) } };
}

/** Sorts by time. It is not the id of a build. */
function newBakeId(now: Date): string {
  return `${bakeIdPrefix}${History.newId(now, randomBytes(3).toString('hex'))}`;
}
