import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import type { CallRequest } from '../../shared/contract.ts';
import { formatReference, parseReference, type Reference } from '../../shared/image.ts';
import { fail, problemOf } from '../../shared/problem.ts';
import type { Push } from '../../shared/push.ts';
import type { Events } from '../events.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { BlobSource } from './blob-source.ts';
import { pushList } from './push.ts';

/** Starts, lists and cancels the pushes of this process, and emits their progress. */
export class Pushes {
  readonly #store: ImageStore;
  readonly #events: Events;
  /** All pushes since the start of the process, by id, the oldest first. */
  readonly #pushes = new Map<string, Push>();
  readonly #running = new Map<string, { controller: AbortController; ended: Promise<void> }>();

  constructor(store: ImageStore, events: Events) {
    this.#store = store;
    this.#events = events;
  }

  /** Newest first. */
  list(): Push[] {
    return [...this.#pushes.values()].reverse();
  }

  /**
   * Starts a push and returns before anything is sent.
   * @throws Failure `image.unknown`, `reference.invalid`, `reference.no-registry`
   */
  async start(request: CallRequest<'pushes.start'>): Promise<Push> {
    const list = await this.#store.find(request.reference);
    const destination = parseDestination(request.reference, request.destination);
    const push: Push = {
      id: randomUUID(),
      reference: list.reference,
      destination: formatReference(destination),
      status: 'running',
      totalBytes: 0,
      uploadedBytes: 0,
      skippedBytes: 0,
      images: list.entries.map(({ platform, digest, size }) => ({ platform, digest, totalBytes: size, doneBytes: 0 })),
    };
    this.#pushes.set(push.id, push);
    const controller = new AbortController();
    this.#running.set(push.id, { controller, ended: this.#run(push, destination, request, controller.signal) });
    return push;
  }

  async #run(
    started: Push,
    destination: Reference,
    request: CallRequest<'pushes.start'>,
    signal: AbortSignal,
  ): Promise<void> {
    let push = started;
    try {
      // the lease keeps the blobs if the list is removed or replaced during the push
      const { stored, lease } = await this.#store.leaseList(request.reference);
      try {
        const { digest, uploadedBytes, skippedBytes } = await pushList({
          destination,
          ...stored,
          blobs: this.#blobSource(),
          credentials: { explicit: request.credentials, env: process.env, home: homedir(), platform: process.platform },
          tlsVerify: request.tlsVerify,
          onProgress: (progress) => {
            push = { ...push, ...progress };
            this.#pushes.set(push.id, push);
            this.#events.batch({ event: 'push.progress', push });
          },
          signal,
        });
        push = { ...push, status: 'done', digest, uploadedBytes, skippedBytes };
      } finally {
        await lease.release();
      }
    } catch (error) {
      push = signal.aborted
        ? { ...push, status: 'cancelled', problem: problemOf(signal.reason) }
        : { ...push, status: 'failed', problem: problemOf(error) };
    }
    this.#pushes.set(push.id, push);
    this.#running.delete(push.id);
    this.#events.emit({ event: 'push.finished', push });
  }

  #blobSource(): BlobSource {
    const { blobs } = this.#store;
    return {
      read: (digest, options) => blobs.read(digest, options),
      size: async (digest) => {
        const size = await blobs.size(digest);
        if (size === undefined) {
          throw fail(
            'image.incomplete',
            `The blob ${digest} is missing from the image store.`,
            'Build the image again.',
          );
        }
        return size;
      },
    };
  }

  /** Cancels a push and resolves when it has stopped. Does nothing if it has already ended. */
  async cancel(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.controller.abort(
      fail(
        'push.cancelled',
        'The push was cancelled.',
        'Push again to continue: blobs that were uploaded are not sent again.',
      ),
    );
    await running?.ended;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }
}

function parseDestination(reference: string, destination: string | undefined): Reference {
  const text = destination ?? reference;
  const parsed = parseReference(text);
  if (typeof parsed === 'string') {
    throw fail('reference.invalid', parsed, 'Enter a destination such as registry.example.com/team/api:1.4.');
  }
  if (!parsed.registry) {
    throw fail(
      'reference.no-registry',
      `"${text}" does not name a registry to push to.`,
      `Enter a destination with a registry: \`barnraiser push ${reference} registry.example.com/team/${text}\`.`,
    );
  }
  return parsed;
}
