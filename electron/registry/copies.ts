import { randomUUID } from 'node:crypto';
import type { CallRequest } from '../../shared/contract.ts';
import type { Copy } from '../../shared/copy.ts';
import { formatReference } from '../../shared/image.ts';
import {
  formatImageLocation,
  type ImageLocation,
  parseImageLocation,
  parseRegistryImage,
  type RegistryImage,
  referenceOf,
  registryPrefix,
} from '../../shared/image-location.ts';
import { type Failure, fail, problemOf } from '../../shared/problem.ts';
import type { Credentials, PushRecord } from '../../shared/push.ts';
import type { Events } from '../events.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { BlobLocations } from './blob-locations.ts';
import { copyImage } from './copy-image.ts';
import type { CredentialSource } from './credential-source.ts';
import { registryNames } from './credentials.ts';
import { PushOrder } from './push-order.ts';
import type { PushProgress } from './push-progress.ts';
import { assertOneRegistry } from './pushes.ts';
import type { RegistryAccess } from './remote-image.ts';
import { SharedSources } from './shared-sources.ts';

/** Ended copies that are listed at most. */
const maxEnded = 100;

export interface CopiesOptions {
  readonly store: ImageStore;
  readonly events: Events;
  readonly locations: BlobLocations;
  /** Where credentials and settings of registries are searched. */
  readonly source: (explicit?: Credentials) => CredentialSource;
  /** Runs what changes local storage. */
  readonly change: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called with each image of local storage that was copied to a registry. */
  readonly record: (record: PushRecord) => Promise<void>;
}

interface CopyWork {
  readonly sources: readonly ImageLocation[];
  readonly destination: ImageLocation;
  readonly request: CallRequest<'copies.start'>;
  readonly shared: SharedSources | undefined;
  readonly beforeTag: () => Promise<void>;
}

const neverAborts = new AbortController().signal;

type Outcome = Partial<Omit<Copy, 'id' | 'status'>>;
type Run = (signal: AbortSignal, onProgress: (progress: PushProgress) => void) => Promise<Outcome>;

/** Starts, lists and cancels the copies of this process, pulls among them, and emits their progress. */
export class Copies {
  readonly #options: CopiesOptions;
  /** The running copies and the last ones that have ended, by id, the oldest first. */
  readonly #copies = new Map<string, Copy>();
  readonly #running = new Map<string, { readonly controller: AbortController; readonly ended: Promise<void> }>();
  #isClosed = false;

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  /** Newest first. */
  list(): Copy[] {
    return [...this.#copies.values()].reverse();
  }

  /** How registries are reached for a call. */
  access(
    signal: AbortSignal,
  ): (given: { readonly tlsVerify: boolean; readonly credentials?: Credentials | undefined }) => RegistryAccess {
    return ({ tlsVerify, credentials }) => ({ tlsVerify, signal, credentials: this.#options.source(credentials) });
  }

  /** Starts a pull and returns before anything is read. @throws Failure like {@link start} */
  pull({ source, reference, platforms, tlsVerify, credentials }: CallRequest<'copies.pull'>): Copy {
    const [copy] = this.start({
      sources: [`${registryPrefix}${source}`],
      destinations: [reference ?? localName(registryImageOf(source), source)],
      ...{ platforms, tlsVerify, ifExists: 'replace', attachments: true, sourceCredentials: credentials },
    });
    if (!copy) {
      throw new Error('no copy was started');
    }
    return copy;
  }

  /**
   * Starts a copy to each destination and returns before anything is read. In one registry, each begins when the one before is ready.
   * @throws Failure `reference.invalid`, `input.invalid`, `call.cancelled` after {@link close}
   */
  start(request: CallRequest<'copies.start'>): Copy[] {
    const { platforms, attachments, tlsVerify, credentials } = request;
    const sources = request.sources.map(imageLocationOf);
    const destinations = request.destinations.map(imageLocationOf);
    assertDifferent(destinations);
    assertOneRegistry(
      destinations.flatMap((each) => (each.kind === 'registry' ? each : [])),
      credentials,
    );
    const { store } = this.#options;
    const sourceAccess = this.access(neverAborts)({ tlsVerify, credentials: request.sourceCredentials });
    const shared =
      destinations.length > 1
        ? new SharedSources(store, destinations.length, { ...sourceAccess, platforms, attachments })
        : undefined;
    const order = new PushOrder(destinations.map(waitsWith));
    const [first = '', ...others] = request.sources;
    return destinations.map((destination, index) => {
      const names = { source: first, ...(others.length > 0 ? { others } : {}) };
      return this.#start({ ...names, destination: formatImageLocation(destination) }, async (signal, onProgress) => {
        const work = { sources, destination, request, shared, beforeTag: () => order.beforeTag(index) };
        try {
          await order.begin(index, aborted(signal));
          return await this.#copy(work, signal, onProgress);
        } finally {
          order.end(index);
          await shared?.release();
        }
      });
    });
  }

  async #copy(
    { sources, destination, request, shared, beforeTag }: CopyWork,
    signal: AbortSignal,
    onProgress: (progress: PushProgress) => void,
  ): Promise<Outcome> {
    signal.throwIfAborted();
    const { ifExists, platforms, attachments, tlsVerify } = request;
    const { store, change, locations, record } = this.#options;
    const access = this.access(signal);
    try {
      const copied = await copyImage({
        ...{ sources, destination, ifExists, platforms, attachments, store, change, locations, onProgress, signal },
        ...(shared ? { open: (location, its) => shared.open(location, its) } : {}),
        beforeTag,
        sourceAccess: access({ tlsVerify, credentials: request.sourceCredentials }),
        destinationAccess: access({ tlsVerify, credentials: request.credentials }),
      });
      const pushed = pushOf(sources, destination);
      if (pushed) {
        // the image is in the registry even if the history cannot be written; reading it says why
        await record({ ...pushed, digest: copied.digest, at: new Date().toISOString() }).catch(() => undefined);
      }
      const { leftOut, attachments: attached, kept, hasRaced, ...rest } = copied;
      return {
        ...rest,
        ...(leftOut > 0 ? { leftOut } : {}),
        ...(attached > 0 ? { attachments: attached } : {}),
        ...(kept ? { kept: [...kept] } : {}),
        ...(hasRaced ? { hasRaced } : {}),
      };
    } catch (error) {
      // after a failure, the blobs that have arrived help the next attempt
      if (signal.aborted && destination.kind === 'local') {
        await store.collectGarbage().catch(() => undefined);
      }
      throw error;
    }
  }

  /** Cancels a copy and resolves when it has stopped. Does nothing if it has already ended. */
  async cancel(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.controller.abort(cancelled());
    await running?.ended;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }

  #start(names: Pick<Copy, 'source' | 'others' | 'destination'>, run: Run): Copy {
    if (this.#isClosed) {
      throw fail('call.cancelled', 'Barnraiser was closed before the copy was started.', 'Start it again, then copy.');
    }
    const { events } = this.#options;
    const id = randomUUID();
    const bytes = { totalBytes: 0, copiedBytes: 0, skippedBytes: 0 };
    const started: Copy = { id, ...names, status: 'running', ...bytes, images: [] };
    const controller = new AbortController();
    const set = (change: Partial<Copy>): Copy => {
      const copy = { ...(this.#copies.get(id) ?? started), ...change };
      this.#copies.set(id, copy);
      return copy;
    };
    set({});
    this.#forgetOld();
    const onProgress = ({ uploadedBytes, ...rest }: PushProgress): void => {
      if (!controller.signal.aborted) {
        events.batch({ event: 'copy.progress', copy: set({ ...rest, copiedBytes: uploadedBytes }) });
      }
    };
    const ended = run(controller.signal, onProgress)
      .then(
        (outcome): Partial<Copy> => ({ status: 'done', ...outcome }),
        (error: unknown): Partial<Copy> => ({
          status: controller.signal.aborted ? 'cancelled' : 'failed',
          problem: problemOf(controller.signal.aborted ? controller.signal.reason : error),
        }),
      )
      .then((change) => {
        this.#running.delete(id);
        events.emit({ event: 'copy.finished', copy: set(change) });
      });
    this.#running.set(id, { controller, ended });
    return started;
  }

  #forgetOld(): void {
    const ended = [...this.#copies.keys()].filter((id) => !this.#running.has(id));
    for (const id of ended.slice(0, -maxEnded)) {
      this.#copies.delete(id);
    }
  }
}

/** A copy of an image of local storage to a registry is a push. */
function pushOf(
  [source, ...others]: readonly ImageLocation[],
  destination: ImageLocation,
): Pick<PushRecord, 'reference' | 'destination'> | undefined {
  const pushed = destination.kind === 'registry' ? referenceOf(destination) : undefined;
  return source?.kind === 'local' && others.length === 0 && pushed
    ? { reference: source.reference, destination: formatReference(pushed) }
    : undefined;
}

/** Copies to the same registry wait for each other. Those to local storage do, too. */
function waitsWith(destination: ImageLocation): string {
  return destination.kind === 'local' ? '' : registryNames(destination).registry;
}

/** @throws Failure `input.invalid` */
function assertDifferent(destinations: readonly ImageLocation[]): void {
  const names = destinations.map(formatImageLocation);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw fail('input.invalid', `The destination ${twice} is named twice.`, 'Name each destination once.');
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function cancelled(): Failure {
  return fail(
    'copy.cancelled',
    'The copy was cancelled.',
    'Start it again: what a registry has got is not sent again.',
  );
}

/** @throws Failure `reference.invalid` */
export function registryImageOf(text: string): RegistryImage {
  const image = parseRegistryImage(text);
  if (typeof image === 'string') {
    throw fail('reference.invalid', image, 'Enter an image such as registry.example.com/team/api:1.4.');
  }
  return image;
}

/** @throws Failure `reference.invalid` */
export function imageLocationOf(text: string): ImageLocation {
  const location = parseImageLocation(text);
  if (typeof location === 'string') {
    throw fail('reference.invalid', location, 'Write NAME:TAG for local storage, or docker://REGISTRY/NAME:TAG.');
  }
  return location;
}

/** The name in local storage of an image that is pulled. @throws Failure `reference.invalid` */
function localName(image: RegistryImage, source: string): string {
  const reference = referenceOf(image);
  if (!reference) {
    throw fail(
      'reference.invalid',
      `"${source}" names a digest and no tag, and an image in local storage needs a name with a tag.`,
      'Enter a name for it, such as api:1.4.',
    );
  }
  return formatReference(reference);
}
