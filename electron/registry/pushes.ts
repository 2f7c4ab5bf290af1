import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import type { CallRequest, Push } from '../../shared/contract.ts';
import { formatReference, type ListEntry, parseReference, type Reference } from '../../shared/image.ts';
import { fail, problemOf } from '../../shared/problem.ts';
import type { Events } from '../events.ts';
import { parseManifest } from '../images/manifest.ts';
import type { ImageStore } from '../images/store.ts';
import { type BlobSource, type PublishImage, publishList } from './publish.ts';

/** Pushes of manifest lists from local storage to registries: started, told about, cancelled. */
export class Pushes {
  readonly #store: ImageStore;
  readonly #events: Events;
  /** Of this run of the app, by id, in their order. */
  readonly #pushes = new Map<string, Push>();
  readonly #running = new Map<string, { abort: AbortController; ended: Promise<void> }>();

  constructor(store: ImageStore, events: Events) {
    this.#store = store;
    this.#events = events;
  }

  /** Newest first. */
  list(): Push[] {
    return [...this.#pushes.values()].reverse();
  }

  /** @throws Failure `image.unknown`, `reference.no-registry`: what can be known before anything is sent. */
  async start(request: CallRequest<'pushes.start'>): Promise<Push> {
    const list = await this.#store.find(request.reference);
    const destination = destinationOf(request.reference, request.destination);
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
    const abort = new AbortController();
    this.#running.set(push.id, { abort, ended: this.#run(push, destination, request, abort.signal) });
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
      // borrowed: nothing that is removed or built meanwhile takes a blob away under the push
      const { list, lease } = await this.#store.borrow(request.reference);
      try {
        const { digest, uploadedBytes, skippedBytes } = await publishList({
          destination,
          list: { digest: list.digest, ...(await this.#store.rawManifest(list.digest)) },
          images: await Promise.all(list.entries.map((entry) => this.#image(entry))),
          blobs: this.#blobs(),
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

  #blobs(): BlobSource {
    const { blobs } = this.#store;
    return {
      read: (digest, options) => blobs.read(digest, options),
      size: async (digest) => {
        const size = await blobs.size(digest);
        if (size === undefined) {
          throw fail('image.incomplete', `The blob ${digest} is missing in local storage.`, 'Build the image again.');
        }
        return size;
      },
    };
  }

  async #image({ platform, digest }: ListEntry): Promise<PublishImage> {
    const { bytes, mediaType } = await this.#store.rawManifest(digest);
    const manifest = parseManifest(bytes, mediaType);
    if (manifest.kind !== 'image') {
      throw fail('image.corrupt', `${digest} is not an image.`, 'Build it again.');
    }
    return { platform, digest, mediaType, bytes, config: manifest.config, layers: manifest.layers };
  }

  /** Stops a push; one that has ended is left as it is. Resolves when it has stopped. */
  async cancel(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.abort.abort(
      fail('push.cancelled', 'The push was cancelled.', 'What is in the registry already is not sent again next time.'),
    );
    await running?.ended;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }
}

function destinationOf(reference: string, destination: string | undefined): Reference {
  const text = destination ?? reference;
  const parsed = parseReference(text);
  if (typeof parsed === 'string') {
    throw fail('reference.invalid', parsed, 'Write it as registry.example.com/team/api:1.4.');
  }
  if (!parsed.registry) {
    throw fail(
      'reference.no-registry',
      `"${text}" names no registry to push to.`,
      `Say where to: \`barnraiser push ${reference} registry.example.com/team/${text}\`.`,
    );
  }
  return parsed;
}
