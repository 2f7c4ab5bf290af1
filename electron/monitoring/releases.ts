/** Whether there is a newer release of Barnraiser. Nothing is asked unless a person has switched that on or asks now. */
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { fail } from '../../shared/problem.ts';
import type { Settings } from '../../shared/settings.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { type Release, type ReleaseState, releaseSchema } from '../../shared/version-info.ts';
import { isNewerRelease } from '../../shared/version-text.ts';
import type { Events } from '../events.ts';
import { SettingsFile } from '../settings/settings-file.ts';
import { buildFacts, version } from '../system/version.ts';

const dayMs = 24 * 3_600_000;
const timeoutMs = 20_000;
const maxBytes = 1024 * 1024;

export const releasesSchema = z.object({
  /** What was asked. Of another address, nothing is known. */
  address: z.string().optional(),
  checkedAt: z.string().optional(),
  /** When a process has begun with a check of its own. */
  claimedAt: z.string().optional(),
  /** By which the server tells that nothing has changed. */
  etag: z.string().max(1_000).optional(),
  newest: releaseSchema.optional(),
  /** The version that was reported last. */
  reported: z.string().optional(),
});
type Known = Readonly<z.infer<typeof releasesSchema>>;

/** What GitHub, Gitea and Forgejo answer for the releases of a repository. */
const listSchema = z
  .array(
    z.looseObject({
      tag_name: z.string().max(200),
      html_url: z.string().max(2_000),
      draft: z.boolean().optional(),
      prerelease: z.boolean().optional(),
      published_at: z.string().max(100).nullish(),
    }),
  )
  .max(1_000);

export interface ReleasesOptions {
  /** The data folder. */
  readonly folder: string;
  readonly settings: () => Promise<Pick<Settings, 'releaseChecks' | 'releaseAddress'>>;
  /** Without it, nothing is checked by itself. */
  readonly events?: Events;
  readonly env?: NodeJS.ProcessEnv;
}

export class Releases {
  readonly #options: ReleasesOptions;
  readonly #file: SettingsFile<Known>;
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: ReleasesOptions) {
    this.#options = options;
    this.#file = new SettingsFile<Known>({
      format: dataFormats.releases,
      folder: options.folder,
      schema: releasesSchema,
      empty: {},
    });
    this.#timer = options.events ? setInterval(() => this.watch(), dayMs / 24) : undefined;
    this.#timer?.unref();
  }

  async get(): Promise<ReleaseState> {
    const [{ releaseChecks = false }, address, known] = await Promise.all([
      this.#options.settings(),
      this.#address(),
      this.#file.read(),
    ]);
    return { isOn: releaseChecks, ...(address === undefined ? {} : { address }), ...describe(known, address) };
  }

  /** Asks now. @throws Failure `releases.unknown`, `releases.unavailable`, `settings.*` */
  async check(signal?: AbortSignal): Promise<ReleaseState> {
    const address = await this.#address();
    if (address === undefined) {
      throw fail(
        'releases.unknown',
        'This Barnraiser does not know where its releases are listed.',
        'Enter the address of a list of releases in the settings, or set BARNRAISER_RELEASES.',
      );
    }
    const before = await this.#file.read();
    const known = before.address === address ? before : {};
    const found = await ask(address, known, signal);
    await this.#file.update(({ reported, claimedAt }) => ({ reported, claimedAt, address, ...found }));
    return this.get();
  }

  /** Asks if a person has switched that on and no process has asked for a day. Reports what is new. */
  watch(): void {
    this.#running = this.#running.then(() => this.#checkIfDue()).catch(() => undefined);
  }

  /** Resolves when what {@link watch} has begun is done. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await this.#running;
  }

  async #checkIfDue(): Promise<void> {
    const { isOn, address } = await this.get();
    if (!isOn || address === undefined) {
      return;
    }
    const now = new Date();
    const isDue = ({ checkedAt, claimedAt }: Known): boolean =>
      [checkedAt, claimedAt].every((time) => time === undefined || now.getTime() - Date.parse(time) >= dayMs);
    let isMine = false;
    await this.#file.update((before) => {
      const known = before.address === address ? before : { address, reported: before.reported };
      isMine = isDue(known);
      return isMine ? { ...known, claimedAt: now.toISOString() } : before;
    });
    if (!isMine) {
      return;
    }
    const { newer } = await this.check(this.#closing.signal);
    const { reported } = await this.#file.read();
    if (newer && newer.version !== reported) {
      await this.#file.update((known) => ({ ...known, reported: newer.version }));
      this.#options.events?.emit({ event: 'releases.newer', release: newer });
    }
  }

  /** Of a person, else of the build. `none` in the environment means that there is none. */
  async #address(): Promise<string | undefined> {
    const { BARNRAISER_RELEASES: own } = this.#options.env ?? process.env;
    const { releaseAddress } = await this.#options.settings();
    const address = own || releaseAddress || buildFacts.releases;
    return address === 'none' ? undefined : address;
  }
}

function describe({ address, checkedAt, newest }: Known, asked: string | undefined): Partial<ReleaseState> {
  if (address === undefined || address !== asked) {
    return {};
  }
  return {
    ...(checkedAt === undefined ? {} : { checkedAt }),
    ...(newest && isNewerRelease(newest.version, version) ? { newer: newest } : {}),
  };
}

/** One GET without anything that tells who asks, not even which version. @throws Failure `releases.unavailable` */
async function ask(address: string, known: Known, signal: AbortSignal | undefined): Promise<Known> {
  const unavailable = (reason: string, cause?: unknown) =>
    fail(
      'releases.unavailable',
      `Could not read the list of releases at ${address}: ${sanitizeLine(reason, 300)}.`,
      'Check the address and the connection to the internet, or try again later.',
      undefined,
      cause,
    );
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw unavailable('it is not an http or https address');
  }
  const { EnvHttpProxyAgent, fetch } = await import('undici');
  const dispatcher = new EnvHttpProxyAgent();
  try {
    const limit = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, {
      dispatcher,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      headers: {
        accept: 'application/json',
        // GitHub refuses requests without it
        'user-agent': 'barnraiser',
        ...(known.etag === undefined ? {} : { 'if-none-match': known.etag }),
      },
    });
    const checkedAt = new Date().toISOString();
    if (response.status === 304) {
      await response.body?.cancel();
      return { checkedAt, etag: known.etag, newest: known.newest };
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw unavailable(`the server answers ${response.status}`);
    }
    const list = listSchema.safeParse(JSON.parse(await readText(response.body)));
    if (!list.success) {
      throw unavailable('it is not a list of releases');
    }
    const etag = response.headers.get('etag') ?? undefined;
    return { checkedAt, newest: newestOf(list.data), ...(etag && etag.length <= 1_000 ? { etag } : {}) };
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof Error && 'problem' in error
      ? error
      : unavailable(error instanceof SyntaxError ? 'it is not JSON' : causeOf(error), error);
  } finally {
    void dispatcher.close().catch(() => undefined);
  }
}

/** `fetch` says only that it failed; its cause says why. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

async function readText(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new Error('it is larger than 1 MiB');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function newestOf(list: z.infer<typeof listSchema>): Release | undefined {
  let newest: Release | undefined;
  for (const { tag_name: tag, html_url: page, draft, prerelease, published_at: publishedAt } of list) {
    const found = tag.replace(/^v/, '');
    const isLink = URL.canParse(page) && /^https?:$/.test(new URL(page).protocol);
    if (!draft && !prerelease && isLink && isNewerRelease(found, newest?.version ?? '0.0.0-0')) {
      newest = { version: found, page, ...(publishedAt ? { publishedAt: sanitizeLine(publishedAt, 40) } : {}) };
    }
  }
  return newest;
}
