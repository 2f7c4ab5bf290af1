/** Which base images builds have used, and whether their registries have newer ones. */
import pLimit from 'p-limit';
import { z } from 'zod';
import type { BaseCheckInterval, BaseImage, BaseImages } from '../../shared/base-image.ts';
import type { Build } from '../../shared/build.ts';
import { dataFormats } from '../../shared/data-formats.ts';
import { type Digest, digestSchema, isDigest } from '../../shared/image.ts';
import { parseRegistryImage } from '../../shared/image-location.ts';
import type { Platform } from '../../shared/platform.ts';
import { problemOf, problemSchema } from '../../shared/problem.ts';
import type { Builds } from '../builds/builds.ts';
import type { Events } from '../events.ts';
import { entriesOf, entryPlatform } from '../images/edit-list.ts';
import { isIndexType } from '../images/manifest.ts';
import { openRepository, type RegistryAccess, readTop } from '../registry/remote-image.ts';
import { SettingsFile } from '../settings/settings-file.ts';

/** Builds that are looked at: the newest of each image among so many. */
const maxEntries = 2_000;
const maxReferences = 200;
/** Registries that are asked at the same time. */
const concurrency = 4;
/** For one image, in milliseconds. */
const timeoutMs = 20_000;

const hourMs = 3_600_000;
const intervalMs: Readonly<Record<BaseCheckInterval, number>> = {
  off: Number.POSITIVE_INFINITY,
  daily: 24 * hourMs,
  weekly: 7 * 24 * hourMs,
};

const foundSchema = z.object({
  /** What the tag leads to. */
  digest: digestSchema.optional(),
  /** What its list has for each platform. */
  platforms: z.record(z.string(), digestSchema).default({}),
  problem: problemSchema.optional(),
});
type Found = z.infer<typeof foundSchema>;

export const baseImagesSchema = z.object({
  checkedAt: z.string().optional(),
  /** When a process has begun with a check of its own. */
  claimedAt: z.string().optional(),
  found: z.record(z.string(), foundSchema),
  /** The digests that were reported, by the name of the image. */
  reported: z.record(z.string(), z.string()),
});
type State = z.infer<typeof baseImagesSchema>;

export interface BaseImageOptions {
  /** The data folder. What was found is in its `base-images.json`, which several processes share. */
  readonly folder: string;
  readonly builds: Pick<Builds, 'list' | 'get'>;
  readonly events: Events;
  readonly interval: () => Promise<BaseCheckInterval>;
  /** Saved logins only. */
  readonly access: (signal: AbortSignal) => (given: { readonly tlsVerify: boolean }) => RegistryAccess;
  /** Whether checks are made without being asked for. */
  readonly isWatching: boolean;
}

/** Lists the base images of builds, asks their registries, and reports newer ones. */
export class BaseImageWatch {
  readonly #options: BaseImageOptions;
  readonly #file: SettingsFile<State>;
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: BaseImageOptions) {
    this.#options = options;
    this.#file = new SettingsFile<State>({
      format: dataFormats.baseImages,
      folder: options.folder,
      schema: baseImagesSchema,
      empty: { found: {}, reported: {} },
    });
    this.#timer = options.isWatching ? setInterval(() => this.#watch(), hourMs / 4) : undefined;
    this.#timer?.unref();
  }

  /** @throws Failure `settings.*`; the reason of the signal */
  async list({ check }: { readonly check: boolean }, signal: AbortSignal): Promise<BaseImages> {
    return check ? await this.#check(signal) : describe(await this.#builds(signal), await this.#file.read());
  }

  /**
   * Whether the registry of a base image of the last build of an image has a newer one. True also if nothing was built yet, and false
   * if no registry can be asked.
   */
  async hasNewer(reference: string, signal: AbortSignal): Promise<boolean> {
    const builds = (await this.#builds(signal)).filter((build) => build.reference === reference);
    if (builds.length === 0) {
      return true;
    }
    const found = await this.#ask(namesOf(builds), signal);
    return describe(builds, { found, reported: {} }).bases.some(({ status }) => status === 'newer');
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await this.#running.catch(() => undefined);
  }

  #watch(): void {
    this.#running = this.#running.then(() => this.#checkIfDue()).catch(() => undefined);
  }

  async #checkIfDue(): Promise<void> {
    const dueMs = intervalMs[await this.#options.interval()];
    const now = new Date();
    const isPast = (time: string | undefined, ms: number): boolean =>
      time === undefined || now.getTime() - Date.parse(time) >= ms;
    // a check that was begun and has not ended, or had no answer, is made again
    const isDue = ({ checkedAt, claimedAt }: State): boolean => isPast(checkedAt, dueMs) && isPast(claimedAt, hourMs);
    if (dueMs === Number.POSITIVE_INFINITY || !isDue(await this.#file.read())) {
      return;
    }
    let isMine = false;
    await this.#file.update((state) => {
      isMine = isDue(state);
      return isMine ? { ...state, claimedAt: now.toISOString() } : state;
    });
    if (isMine) {
      await this.#report(await this.#check(this.#closing.signal));
    }
  }

  async #check(signal: AbortSignal): Promise<BaseImages> {
    const builds = await this.#builds(signal);
    const found = await this.#ask(namesOf(builds), signal);
    const answers = Object.values(found);
    const isAnswered = answers.length === 0 || answers.some(({ problem }) => problem === undefined);
    const { checkedAt } = await this.#file.update((state) => ({
      ...state,
      // without a network, what was known before stays known
      ...(isAnswered ? { checkedAt: new Date().toISOString(), found } : {}),
    }));
    const bases = describe(builds, { ...(checkedAt === undefined ? {} : { checkedAt }), found, reported: {} });
    this.#options.events.emit({ event: 'bases.changed', bases });
    return bases;
  }

  /** Each newer digest is reported once. */
  async #report({ bases }: BaseImages): Promise<void> {
    const { reported } = await this.#file.read();
    const newer = bases.filter(({ name, status, digest = '' }) => status === 'newer' && reported[name] !== digest);
    if (newer.length > 0) {
      const added = Object.fromEntries(newer.map(({ name, digest = '' }) => [name, digest]));
      await this.#file.update((state) => ({ ...state, reported: { ...state.reported, ...added } }));
      const outdated = newer
        .flatMap(({ uses }) => uses)
        .filter(({ platforms }) => platforms.some(({ isNewer }) => isNewer));
      this.#options.events.emit({
        event: 'bases.newer',
        names: newer.map(({ name }) => name),
        references: [...new Set(outdated.map(({ reference }) => reference))],
        builds: [...new Set(outdated.map(({ build }) => build))],
      });
    }
  }

  /** The newest build that is done of each image. */
  async #builds(signal: AbortSignal): Promise<Build[]> {
    const { builds } = this.#options;
    const { entries } = await builds.list({ filter: {}, limit: maxEntries }, signal);
    const newest = new Map<string, string>();
    for (const { id, status, reference } of entries) {
      if (status === 'done' && reference !== '' && !newest.has(reference) && newest.size < maxReferences) {
        newest.set(reference, id);
      }
    }
    const limit = pLimit(concurrency);
    const read = [...newest.values()].map((id) => limit(() => builds.get(id).catch(() => undefined)));
    return (await Promise.all(read)).flatMap((build) => build ?? []);
  }

  async #ask(names: readonly string[], signal: AbortSignal): Promise<Record<string, Found>> {
    const limit = pLimit(concurrency);
    const answers = await Promise.all(
      names.map((name) => limit(async () => [name, await this.#askOne(name, signal)] as const)),
    );
    signal.throwIfAborted();
    return Object.fromEntries(answers.flatMap(([name, found]) => (found ? [[name, found]] : [])));
  }

  /** One request, if the registry needs no token. Undefined for names that no registry can have. */
  async #askOne(name: string, signal: AbortSignal): Promise<Found | undefined> {
    const image = parseRegistryImage(name);
    if (typeof image === 'string' || image.digest) {
      return undefined;
    }
    // engines use plain HTTP on the loopback, too
    const tlsVerify = !/^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/.test(image.registry);
    const access = this.#options.access(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]))({ tlsVerify });
    try {
      const client = await openRepository(image, access);
      try {
        const top = await readTop(client, image);
        const entries = isIndexType(top.mediaType) ? entriesOf(top) : [];
        const platforms = entries.flatMap((entry) => {
          const platform = entryPlatform(entry);
          return platform ? [[platform, entry.digest] as const] : [];
        });
        return { digest: top.digest, platforms: Object.fromEntries(platforms.reverse()) };
      } finally {
        await client.close();
      }
    } catch (error) {
      signal.throwIfAborted();
      return { platforms: {}, problem: problemOf(error) };
    }
  }
}

/** The base images of builds whose digests are known. */
function basesOf({ jobs }: Build): { readonly name: string; readonly platform: Platform; readonly digest: Digest }[] {
  return jobs.flatMap(({ platform, materials }) =>
    Object.entries(materials?.bases ?? {}).flatMap(([name, digest]) =>
      isDigest(digest) ? [{ name, platform, digest }] : [],
    ),
  );
}

function namesOf(builds: readonly Build[]): string[] {
  return [...new Set(builds.flatMap((build) => basesOf(build).map(({ name }) => name)))].sort();
}

function describe(builds: readonly Build[], { checkedAt, found }: State): BaseImages {
  const bases = namesOf(builds).map((name): BaseImage => {
    const answer = found[name];
    const uses = builds.flatMap((build) => {
      const platforms = basesOf(build)
        .filter((base) => base.name === name)
        .map(({ platform, digest }) => {
          const current = answer?.platforms[platform] ?? (isList(answer) ? undefined : answer?.digest);
          // engines record the list or the image of the platform
          const isNewer = current !== undefined && digest !== current && digest !== answer?.digest;
          return { platform, digest, ...(current ? { current } : {}), isNewer };
        });
      return platforms.length > 0 ? [{ build: build.id, reference: build.reference, platforms }] : [];
    });
    const isNewer = uses.some(({ platforms }) => platforms.some((each) => each.isNewer));
    const isPinned = name.includes('@sha256:');
    const status = isPinned ? 'pinned' : isNewer ? 'newer' : answer?.digest ? 'current' : 'unknown';
    return {
      name,
      status,
      uses,
      ...(answer?.digest ? { digest: answer.digest } : {}),
      ...(answer?.problem ? { problem: answer.problem } : {}),
    };
  });
  return { ...(checkedAt === undefined ? {} : { checkedAt }), bases };
}

function isList(found: Found | undefined): boolean {
  return Object.keys(found?.platforms ?? {}).length > 0;
}
