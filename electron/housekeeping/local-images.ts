/** What front ends do with the images in local storage: look into them, name, verify, repair and load them. */
import { basename } from 'node:path';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import type { ManifestList } from '../../shared/image.ts';
import type { ImageFiles, LoadedImage, Verification } from '../../shared/local-images.ts';
import type { Events } from '../events.ts';
import { describeImages } from '../images/image-details.ts';
import { ImageFileReader } from '../images/image-files.ts';
import { restoreName, tagImage, untagImage } from '../images/image-names.ts';
import type { ImageStore } from '../images/image-store.ts';
import { loadImages } from '../images/load-images.ts';
import { verifyImages } from '../images/verify-images.ts';
import type { ImageRepair } from './image-repair.ts';

export interface LocalImagesOptions {
  readonly store: ImageStore;
  readonly events: Events;
  readonly repair: ImageRepair;
  /** Runs what changes the index of local storage. */
  readonly change: <T>(work: () => Promise<T>) => Promise<T>;
}

export class LocalImages {
  readonly #options: LocalImagesOptions;
  readonly #files: ImageFileReader;

  constructor(options: LocalImagesOptions) {
    this.#options = options;
    this.#files = new ImageFileReader(options.store);
  }

  /** @throws Failure `image.unknown`, `image.incomplete`, `image.corrupt` */
  async inspect(reference: string): Promise<CallOutput<'images.inspect'>> {
    const { store } = this.#options;
    const described = await this.#describe(reference);
    // without the lease, which keeps the blobs from being freed
    return { ...described, freedBytes: await store.freedBytes(reference) };
  }

  async #describe(reference: string): Promise<Omit<CallOutput<'images.inspect'>, 'freedBytes'>> {
    const { store } = this.#options;
    const { stored, lease } = await store.leaseList(reference);
    try {
      const lists = await store.list();
      const list = await store.find(reference);
      const manifest: unknown = JSON.parse(stored.list.bytes.toString('utf8'));
      return { list, manifest, images: await describeImages(store, stored, reference, lists) };
    } finally {
      await lease.release();
    }
  }

  files({ task, ...listing }: CallRequest<'images.files'>, signal: AbortSignal): Promise<ImageFiles> {
    const onProgress = this.#progress(task, `Reading the layers of ${listing.reference}`);
    return this.#files.list(listing, { signal, onProgress });
  }

  saveFile(
    { task, destination, ...selection }: CallRequest<'images.saveFile'>,
    signal: AbortSignal,
  ): Promise<{ path: string; bytes: number }> {
    const onProgress = this.#progress(task, `Reading the layers of ${selection.reference}`);
    return this.#files.save(selection, destination, { signal, onProgress });
  }

  tag({ reference, name }: CallRequest<'images.tag'>): Promise<CallOutput<'images.tag'>> {
    const { store, change } = this.#options;
    return change(() => tagImage(store, reference, name));
  }

  untag({ reference }: CallRequest<'images.untag'>): Promise<CallOutput<'images.untag'>> {
    const { store, change } = this.#options;
    return change(() => untagImage(store, reference));
  }

  restore({ reference, digest }: CallRequest<'images.restore'>): Promise<ManifestList> {
    const { store, change } = this.#options;
    return change(() => restoreName(store, reference, digest));
  }

  async verify(
    { references, repair, tlsVerify, task }: CallRequest<'images.verify'>,
    signal: AbortSignal,
  ): Promise<Verification> {
    const { store, change } = this.#options;
    const verify = (): Promise<Verification> =>
      verifyImages(store, {
        references,
        signal,
        onProgress: this.#emit(task),
        ...(repair ? { source: this.#options.repair.source(tlsVerify) } : {}),
      });
    // a list that is whole again is shown again
    return repair ? change(verify) : verify();
  }

  /** @throws Failure of the first file or folder that cannot be loaded. Those before it stay. */
  load({ paths, reference, task }: CallRequest<'images.load'>, signal: AbortSignal): Promise<LoadedImage[]> {
    const { store, change } = this.#options;
    return change(async () => {
      const loaded: LoadedImage[] = [];
      for (const path of paths) {
        const onProgress = this.#progress(task, `Loading ${basename(path)}`);
        loaded.push(...(await loadImages(store, path, { reference, signal, onProgress })));
      }
      return loaded;
    });
  }

  #progress(task: string | undefined, text: string) {
    const emit = this.#emit(task);
    return (doneBytes: number, totalBytes: number | undefined): void => emit(text, doneBytes, totalBytes);
  }

  #emit(task: string | undefined) {
    const { events } = this.#options;
    return (text: string, doneBytes: number, totalBytes: number | undefined): void => {
      if (task !== undefined) {
        events.batch({
          event: 'images.progress',
          ...{ task, text, doneBytes },
          ...(totalBytes === undefined ? {} : { totalBytes }),
        });
      }
    };
  }
}
