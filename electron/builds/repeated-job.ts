/** Recognises a job in which nothing has changed since its node built it, so that its image in local storage is used again. */
import { setImmediate } from 'node:timers/promises';
import type { Job } from '../../shared/build.ts';
import type { NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import type { PackedContext } from '../context/pack-context.ts';
import type { CacheQuery, CacheState, Engine, FinishedBuild } from '../engines/engine.ts';
import type { RegistryLogin } from '../engines/registry-login.ts';
import type { ReceivedImage } from '../images/manifest.ts';
import { isPreprocessed } from '../projects/assert-stage.ts';
import type { BuiltFile } from '../projects/open-project.ts';
import type { ParsedContainerfile } from '../projects/parse-containerfile.ts';
import { abortable } from '../system/abortable.ts';
import { basesOfCacheable } from './cacheable-build.ts';
import { optionsFingerprint } from './fingerprint.ts';
import type { BuildContexts } from './named-contexts.ts';
import type { PreparedBuild } from './prepare-build.ts';
import type { JobResult } from './project-memory.ts';

export interface RepeatedJobInput {
  readonly buildId: string;
  readonly prepared: PreparedBuild;
  /** The Containerfile of the job. */
  readonly file: Pick<BuiltFile, 'name' | 'content'>;
  readonly containerfile: ParsedContainerfile;
  /** The additional build contexts. */
  readonly contexts: Pick<BuildContexts, 'names' | 'fingerprint'>;
  readonly context: PackedContext;
  readonly platform: Platform;
  readonly status: NodeStatus | undefined;
  readonly engine: Engine;
  /** The image with all of its parts, wherever the build needs it. Undefined if it is not there. */
  readonly holdImage: (
    image: Pick<ReceivedImage, 'platform' | 'digest' | 'mediaType' | 'attachments'>,
  ) => Promise<ReceivedImage | undefined>;
  readonly logins: () => Promise<readonly RegistryLogin[]>;
  readonly onLogLine: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface UnchangedImage {
  readonly image: ReceivedImage;
  readonly result: JobResult;
}

/** How a job was built, as far as its tracker knows. */
interface BuiltJob extends Pick<FinishedBuild, 'imageId'> {
  readonly image: ReceivedImage;
  readonly job: Pick<Job, 'mismatch' | 'steps' | 'materials'>;
}

export class RepeatedJob {
  readonly #input: RepeatedJobInput;
  /** Undefined if a repetition is never recognised. */
  readonly #query: CacheQuery | undefined;
  readonly #options: string;
  readonly #node: string;
  /** What the node had before the build, without what only registries know. */
  #before: Promise<CacheState | undefined> = Promise.resolve(undefined);

  constructor(input: RepeatedJobInput) {
    this.#input = input;
    const { prepared, file, containerfile, contexts, context, platform, status, engine, logins } = input;
    const { request } = prepared;
    const node = status?.state === 'up' ? status.node : undefined;
    const { buildArgs, target, pull, retention, reference, secrets = [], ssh = [], cacheTo = [] } = request;
    const isKept = retention !== 'nothing';
    // what steps get of them may be another now
    const hasSecrets = secrets.length + ssh.length > 0;
    const text = file.content.toString('utf8');
    const bases =
      node && engine.cache && isKept && !isPreprocessed(file) && !hasSecrets && cacheTo.length === 0
        ? basesOfCacheable({
            text,
            containerfile,
            contexts: contexts.names,
            buildArgs,
            target,
            platform,
            nodePlatform: node.platform,
          })
        : undefined;
    const image = retention === 'tagged' ? { image: reference } : {};
    this.#query = bases && { bases, pull, logins, items: [], ...image };
    this.#options =
      node && bases
        ? optionsFingerprint(request, { containerfile: file.name, excludes: context.excludes }, platform, node)
        : '';
    this.#node = status?.connection ?? '';
  }

  /** The image of the last build, if the engine would build the same one from its cache. */
  async findUnchanged(): Promise<UnchangedImage | undefined> {
    const { engine, prepared, context, platform, onLogLine, signal } = this.#input;
    const { cache } = engine;
    if (!this.#query || !cache) {
      return undefined;
    }
    const { request, project } = prepared;
    const last = await project.findResult(platform, this.#node);
    const ignoresCache = request.noCache || (request.noCacheFor ?? []).length > 0;
    if (ignoresCache && last) {
      // a build without cache that does not end leaves a cache that is older than its first steps
      await project.replaceResult(platform, this.#node, undefined);
    }
    const isCandidate = request.skip !== false && !ignoresCache && last?.options === this.#options;
    const isOther = last ? context.differsFrom(last.context).catch(() => false) : Promise.resolve(true);
    // a node is not asked for the steps of a context that is known to have changed
    const mayRepeat = isCandidate && !(await Promise.race([isOther, setImmediate(false)]));
    const query = { ...this.#query, items: mayRepeat ? last.items : [] };
    const state = cache.read(query, mayRepeat, signal);
    this.#before = state.catch(() => undefined);
    if (!mayRepeat || !last) {
      return undefined;
    }
    const answers = Promise.all([this.#before, this.#holdImage(last)]);
    // a changed context need not wait for what the node has
    const none: Awaited<typeof answers> = [undefined, undefined];
    const first = Promise.race([answers, isOther.then((differs) => (differs ? none : answers))]);
    const [now, image] = await abortable(signal, first);
    if (!now || !image || !isAnsweredBy(last, now, request.retention === 'tagged')) {
      return undefined;
    }
    const { pulled = [] } = now;
    const contexts = await abortable(signal, this.#findContexts());
    if (!isSameRecord(contexts, last.contexts)) {
      return undefined;
    }
    // the job that reads the context reports its failure
    const found = await abortable(
      signal,
      context.digest().catch(() => undefined),
    );
    if (found?.digest !== last.context) {
      return undefined;
    }
    if (pulled.length > 0) {
      onLogLine('Checking whether the base images have changed.');
      const bases = await abortable(signal, cache.pull?.(query, pulled, signal) ?? Promise.resolve(undefined));
      return pulled.every((key) => bases?.[key] === last.bases[key]) ? { image, result: last } : undefined;
    }
    return { image, result: last };
  }

  /** Undefined if it is not certain what they are. The job itself reports their failures. */
  #findContexts(): Promise<Readonly<Record<string, string>> | undefined> {
    return this.#input.contexts.fingerprint(this.#input.platform).catch(() => undefined);
  }

  #holdImage({ image }: JobResult): Promise<ReceivedImage | undefined> {
    const { holdImage, platform } = this.#input;
    return holdImage({ ...image, platform });
  }

  /** Finds out what a build was made of, at best before its image is untagged. Never rejects. */
  async observe(build: FinishedBuild): Promise<CacheState | undefined> {
    const { engine, signal } = this.#input;
    const before = await this.#before;
    return this.#query && before
      ? engine.cache?.used(this.#query, before, build, signal).catch(() => undefined)
      : undefined;
  }

  /** Remembers a build for the next one. Forgets the one before it if this one cannot be recognised. */
  async remember({ image, imageId, job }: BuiltJob, used: CacheState | undefined): Promise<void> {
    const { buildId, prepared, platform, context } = this.#input;
    const { project } = prepared;
    const contexts = await this.#findContexts();
    if (!used || !contexts || hasUnknownSources(job)) {
      if (await project.findResult(platform, this.#node)) {
        await project.replaceResult(platform, this.#node, undefined);
      }
      return;
    }
    const { digest: contextDigest } = await context.digest();
    const { digest, mediaType, attachments } = image;
    await project.replaceResult(platform, this.#node, {
      platform,
      node: this.#node,
      buildId,
      options: this.#options,
      context: contextDigest,
      contexts: { ...contexts },
      bases: { ...used.bases },
      items: [...used.items],
      imageId,
      image: { digest, mediaType, attachments: [...attachments] },
      ...(job.mismatch === undefined ? {} : { mismatch: job.mismatch }),
      ...(job.materials ? { materials: job.materials } : {}),
    });
  }
}

function isSameRecord(
  one: Readonly<Record<string, string>> | undefined,
  other: Readonly<Record<string, string>>,
): boolean {
  const entries = Object.entries(one ?? {});
  return (
    one !== undefined &&
    entries.length === Object.keys(other).length &&
    entries.every(([name, value]) => other[name] === value)
  );
}

/** Did a base image add instructions (ONBUILD) that take files from elsewhere? */
function hasUnknownSources({ steps }: Pick<Job, 'steps'>): boolean {
  return steps.some(
    ({ line, name }) => line === undefined && /^\s*(?:ONBUILD\s+)?(?:ADD\s|COPY\s.*--from|RUN\s.*--mount)/is.test(name),
  );
}

/** Whether the cache of a node has all that a build was made of, and the base images that are not pulled are still the same. */
function isAnsweredBy(last: JobResult, now: CacheState, isTagged: boolean): boolean {
  const pulled = new Set(now.pulled);
  const keys = new Set([...Object.keys(now.bases), ...pulled]);
  return (
    Object.keys(last.bases).length === keys.size &&
    Object.entries(last.bases).every(([key, value]) => pulled.has(key) || now.bases[key] === value) &&
    last.items.length === now.items.length &&
    (!isTagged || now.image === last.imageId)
  );
}
