import { randomUUID } from 'node:crypto';
import type { CallRequest } from '../../shared/contract.ts';
import { formatList } from '../../shared/format.ts';
import { formatReference, type ManifestList, parseReference, type Reference } from '../../shared/image.ts';
import { lackingPlatforms } from '../../shared/lacking-platforms.ts';
import { fail } from '../../shared/problem.ts';
import type { Credentials, Push, PushRecord } from '../../shared/push.ts';
import type { Events } from '../events.ts';
import type { ImageStore } from '../images/image-store.ts';
import { systemPaths } from '../system/system-paths.ts';
import type { BlobLocations } from './blob-locations.ts';
import type { BlobSource } from './blob-source.ts';
import type { CredentialSource } from './credential-source.ts';
import { registryNames } from './credentials.ts';
import { type ExtraTags, hasExtraTags, putExtraTags } from './extra-tags.ts';
import { PushOrder } from './push-order.ts';
import { RunningPush } from './running-push.ts';
import { SharedContent } from './shared-content.ts';

/** Ended pushes that are listed at most: the window shows only the newest of each image. */
const maxEndedPushes = 100;

export interface PushesOptions {
  readonly store: ImageStore;
  readonly events: Events;
  readonly locations: BlobLocations;
  /** Where credentials and settings of registries are searched. Without it: in the files of podman and docker. */
  readonly source?: (explicit?: Credentials) => CredentialSource;
  /** Called with each push that is done. */
  readonly record: (record: PushRecord) => Promise<void>;
}

/** Where a build is pushed, and how. */
export interface BuildPush {
  readonly buildId: string;
  readonly reference: string;
  readonly destination: Reference;
  readonly tlsVerify: boolean;
  /** Whether nodes push their images themselves. */
  readonly direct?: boolean | undefined;
  readonly credentials?: Credentials | undefined;
  /** Whether it goes to a further destination of the build. */
  readonly isFurther?: boolean | undefined;
  /** Resolves when the tag may be set. */
  readonly beforeTag?: (() => Promise<void>) | undefined;
  /** Whether the images of other platforms stay in the list of the registry. */
  readonly merge?: boolean | undefined;
  /** Further tags of the list. */
  readonly tags?: ExtraTags | undefined;
  /** Images that the build may pull: their repositories may have blobs of the push. */
  readonly pulled?: readonly { readonly registry: string; readonly repository: string }[];
}

/** Starts, lists and cancels the pushes of this process, and emits their progress. */
export class Pushes {
  readonly #options: PushesOptions;
  /** The running pushes and the last ones that have ended, by id, the oldest first. */
  readonly #pushes = new Map<string, Push>();
  readonly #running = new Map<string, { readonly running: RunningPush; readonly ended: Promise<unknown> }>();

  #isClosed = false;

  constructor(options: PushesOptions) {
    this.#options = options;
  }

  /** Where the credentials and settings of registries are searched. */
  source(explicit?: Credentials): CredentialSource {
    return this.#options.source?.(explicit) ?? { explicit, ...systemPaths() };
  }

  /** Newest first. */
  list(): Push[] {
    return [...this.#pushes.values()].reverse();
  }

  /** Starts a push and returns before anything is sent. @throws Failure like {@link startAll} */
  async start({ destination, ...request }: CallRequest<'pushes.start'>): Promise<Push> {
    const destinations = destination === undefined ? [] : [destination];
    const [push] = await this.startAll({ ...request, destinations });
    if (!push) {
      throw new Error('no push was started');
    }
    return push;
  }

  /**
   * Starts a push to each destination, or without one to the registry that the reference names, and returns before anything is sent.
   * @throws Failure `image.unknown`, `image.partial`, `reference.invalid`, `reference.no-registry`, `input.invalid`, `call.cancelled`
   *   after {@link close}
   */
  async startAll({
    reference,
    destinations: given,
    tlsVerify,
    incomplete,
    merge,
    credentials,
    compression,
  }: CallRequest<'pushes.startAll'>): Promise<Push[]> {
    const { store } = this.#options;
    const list = await store.find(reference);
    const destinations = parseDestinations(reference, given);
    assertOneRegistry(destinations, credentials);
    assertComplete(list, incomplete);
    const images = list.entries.map(({ platform, digest, size }) => ({
      platform,
      digest,
      totalBytes: size,
      doneBytes: 0,
    }));
    const group = destinations.length > 1 ? { group: randomUUID() } : {};
    const facts = { images, ...group, ...(compression ? { compression } : {}) };
    const running: RunningPush[] = [];
    const content = new SharedContent(store, reference, compression, (progress) => {
      for (const push of running) {
        push.setCompressing(progress);
      }
    });
    const order = new PushOrder(destinations.map((each) => registryNames({ registry: '', ...each }).registry));
    const started: Push[] = [];
    const start = async (index: number, destination: Reference): Promise<void> => {
      const push = newPush(list.reference, destination, facts);
      const seen = destinations.slice(0, index).filter(({ registry }) => registry === destination.registry);
      const request = {
        ...{ destination, tlsVerify, credentials, merge, seen: seen.map(({ repository }) => repository) },
        beforeTag: () => order.beforeTag(index),
      };
      const opened = await this.#open(push, request, async (each) => {
        content.use(each);
        try {
          each.open();
          await order.begin(index, each.ended);
          await each.finish(async () => {
            const { leftOut, ...rest } = await content.read();
            each.setLeftOut(leftOut);
            return rest;
          });
        } finally {
          order.end(index);
          await content.release(each);
        }
      });
      running.push(opened);
      started.push(push);
    };
    // the first may end before the last has begun
    content.use(started);
    try {
      for (const [index, destination] of destinations.entries()) {
        await start(index, destination);
      }
    } finally {
      destinations.slice(started.length).forEach((_, index) => {
        order.end(started.length + index);
      });
      void content.release(started);
    }
    return started;
  }

  /**
   * Starts the push of a build that has just been started. The caller adds its blobs and finishes or cancels it. A lease holds all
   * of the blobs until then.
   * @throws Failure `call.cancelled` after {@link close}
   */
  begin({ buildId, reference, destination, pulled = [], ...rest }: BuildPush): Promise<RunningPush> {
    const seen = pulled.filter(({ registry }) => registry === destination.registry).map(({ repository }) => repository);
    const { isFurther, ...request } = rest;
    const facts = { ...(isFurther ? { isFurther } : {}), ...(rest.direct ? { direct: true } : {}) };
    const started = newPush(reference, destination, { buildId, ...facts });
    return this.#open(started, { destination, ...request, seen }, async (push) => {
      push.connect();
      await push.ended;
    });
  }

  async #open(
    started: Push,
    { destination, tlsVerify, direct, credentials, tags, seen, merge, beforeTag }: PushRequest,
    run: (push: RunningPush) => Promise<void>,
  ): Promise<RunningPush> {
    const { events, locations, record } = this.#options;
    const { registry = '', repository } = destination;
    const known = await locations.for({ registry, repository }, seen);
    if (this.#isClosed) {
      throw fail('call.cancelled', 'Barnraiser was closed before the push was started.', 'Start it again, then push.');
    }
    const { id } = started;
    const source = this.source(credentials);
    const running = new RunningPush(started, {
      destination,
      blobs: this.#blobSource(),
      credentials: source,
      tlsVerify,
      direct,
      merge,
      locations: known,
      beforeTag,
      ...(tags && hasExtraTags(tags)
        ? {
            afterwards: async ({ digest }, signal) => ({
              tags: await putExtraTags(destination, digest, tags, { credentials: source, tlsVerify, signal }),
            }),
          }
        : {}),
      onProgress: (push) => {
        this.#pushes.set(id, push);
        events.batch({ event: 'push.progress', push });
      },
      // the image is in the registry even if the history cannot be written; reading it says why
      onDone: ({ reference, destination, digest }) =>
        digest
          ? record({ reference, destination, digest, at: new Date().toISOString(), tlsVerify }).catch(() => undefined)
          : Promise.resolve(),
      onEnd: (push) => {
        this.#pushes.set(id, push);
        this.#running.delete(id);
        events.emit({ event: 'push.finished', push });
      },
    });
    this.#pushes.set(id, started);
    this.#forgetOldPushes();
    const ended = run(running).catch((error: unknown) => {
      running.fail(error);
      return running.ended;
    });
    this.#running.set(id, { running, ended });
    return running;
  }

  #forgetOldPushes(): void {
    const ended = [...this.#pushes.keys()].filter((id) => !this.#running.has(id));
    for (const id of ended.slice(0, -maxEndedPushes)) {
      this.#pushes.delete(id);
    }
  }

  #blobSource(): BlobSource {
    const { blobs } = this.#options.store;
    return {
      read: (digest, options) => blobs.read(digest, options),
      size: async (digest) => {
        const size = await blobs.size(digest);
        if (size === undefined) {
          throw fail('image.incomplete', `The blob ${digest} is missing from local storage.`, 'Build the image again.');
        }
        return size;
      },
    };
  }

  /** Cancels a push and resolves when it has stopped. Does nothing if it has already ended. */
  async cancel(id: string): Promise<void> {
    const push = this.#running.get(id);
    void push?.running.cancel();
    await push?.ended;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }
}

interface PushRequest extends Pick<BuildPush, 'destination' | 'tlsVerify' | 'direct' | 'credentials' | 'tags'> {
  readonly seen?: readonly string[];
  readonly merge?: boolean | undefined;
  readonly beforeTag?: (() => Promise<void>) | undefined;
}

function newPush(reference: string, destination: Reference, facts: Partial<Push>): Push {
  const bytes = { totalBytes: 0, uploadedBytes: 0, skippedBytes: 0 };
  const names = { reference, destination: formatReference(destination) };
  return { id: randomUUID(), ...names, status: 'running', ...bytes, images: [], ...facts };
}

/** @throws Failure `reference.invalid`, `reference.no-registry`, `input.invalid` if one is named twice */
function parseDestinations(reference: string, given: readonly string[]): Reference[] {
  const destinations = given.length === 0 ? [parseDestination(reference, undefined)] : [];
  for (const text of given) {
    const destination = parseDestination(reference, text);
    const name = formatReference(destination);
    if (destinations.some((other) => formatReference(other) === name)) {
      throw fail('input.invalid', `The destination ${name} is named twice.`, 'Name each destination once.');
    }
    destinations.push(destination);
  }
  return destinations;
}

/** What was entered for one registry is not sent to another. @throws Failure `input.invalid` */
export function assertOneRegistry(
  destinations: readonly Pick<Reference, 'registry'>[],
  credentials: Credentials | undefined,
): void {
  const registries = new Set(destinations.map(({ registry }) => registry));
  if (credentials && registries.size > 1) {
    throw fail(
      'input.invalid',
      `A user name and password are for one registry, and the destinations are in ${registries.size}.`,
      'Sign in to each registry once, then push without them.',
    );
  }
}

/** @throws Failure `image.partial` */
function assertComplete(list: ManifestList, incomplete: boolean | undefined): void {
  const lacking = lackingPlatforms(list);
  if (lacking.length > 0 && !incomplete) {
    const { reference } = list;
    throw fail(
      'image.partial',
      `${reference} is incomplete: it has no image for ${formatList(lacking)}.`,
      'Retry its build, or push it all the same.',
    ).offering({ id: 'push-incomplete', reference });
  }
}

/**
 * Where a reference is pushed: to the destination, or to the registry that the reference names.
 * @throws Failure `reference.invalid`, `reference.no-registry`
 */
export function parseDestination(reference: string, destination: string | undefined): Reference {
  const text = destination ?? reference;
  const parsed = parseReference(text);
  if (typeof parsed === 'string') {
    throw fail('reference.invalid', parsed, 'Enter a destination such as registry.example.com/team/api:1.4.');
  }
  if (!parsed.registry) {
    throw fail(
      'reference.no-registry',
      `"${text}" does not name a registry to push to.`,
      `Enter a destination with a registry, such as registry.example.com/team/${text}.`,
    ).offering({ id: 'choose-destination', reference });
  }
  return parsed;
}
