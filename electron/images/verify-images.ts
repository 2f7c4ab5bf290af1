/** Compares blobs with their digests, and has damaged and missing ones fetched again. */
import { rm } from 'node:fs/promises';
import type { Digest } from '../../shared/image.ts';
import type { BlobProblem, Verification, VerifiedImage } from '../../shared/local-images.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, type Problem, problemOf } from '../../shared/problem.ts';
import { isAttachment } from './attachments.ts';
import type { BlobStore } from './blob-store.ts';
import type { ImageStore } from './image-store.ts';
import { refName } from './layout-index.ts';
import type { Lease } from './lease.ts';
import { type Descriptor, isImageType, isIndexType, parseManifest } from './manifest.ts';
import { platformOfParts } from './platform-match.ts';

export interface BlobUse extends Pick<Descriptor, 'digest' | 'mediaType' | 'size'> {
  /** For people: `layer 2 of linux/amd64`. */
  readonly what: string;
  /** The image that it is a part of. Missing for the list itself. */
  readonly image?: { readonly digest: Digest; readonly platform?: Platform | undefined } | undefined;
  readonly role: 'list' | 'manifest' | 'config' | 'layer';
}

/** An image with blobs that are missing or damaged. */
export interface BrokenImage {
  readonly reference: string | undefined;
  readonly list: Digest;
  readonly problems: readonly (BlobUse & Pick<BlobProblem, 'kind'>)[];
}

export interface RepairContext {
  readonly lease: Lease;
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
  /** What is being done. */
  readonly onText: (text: string) => void;
}

/** Fetches what an image lacks into the image store, where the damaged blobs are gone. It need not find all. */
export interface RepairSource {
  /** @returns where blobs came from, by digest, and why others did not */
  repair(image: BrokenImage, context: RepairContext): Promise<RepairResult>;
}

export interface RepairResult {
  readonly repaired: ReadonlyMap<Digest, string>;
  readonly failures: readonly Problem[];
  /** The newest build that made the image. */
  readonly builtBy?: VerifiedImage['builtBy'];
}

export interface VerifyOptions {
  /** Undefined: all images, and what is kept without a name. */
  readonly references?: readonly string[] | undefined;
  /** Without it, nothing is repaired. */
  readonly source?: RepairSource | undefined;
  readonly onProgress?: (text: string, doneBytes: number, totalBytes: number | undefined) => void;
  readonly signal: AbortSignal;
}

/** A repaired list names manifests, and those name layers, which may be missing in turn. */
const maxRounds = 4;

/**
 * Reads every blob of images and compares it with its digest. Blobs that nothing refers to are compared, too, if all images are.
 * @throws Failure `image.unknown`, `image.corrupt` if the index cannot be read; the reason of the signal
 */
export async function verifyImages(store: ImageStore, options: VerifyOptions): Promise<Verification> {
  const lease = await store.createLease('verify');
  try {
    const run = new VerifyRun(store, lease, options);
    return await run.verify();
  } finally {
    await lease.release();
  }
}

class VerifyRun {
  readonly #store: ImageStore;
  readonly #lease: Lease;
  readonly #options: VerifyOptions;
  /** What was found out of each blob. */
  readonly #states = new Map<Digest, 'sound' | 'missing' | 'damaged'>();
  #doneBytes = 0;
  #totalBytes = 0;
  #verifiedBytes = 0;

  constructor(store: ImageStore, lease: Lease, options: VerifyOptions) {
    this.#store = store;
    this.#lease = lease;
    this.#options = options;
  }

  async verify(): Promise<Verification> {
    const entries = await this.#entries();
    const all = await this.#usesOf(entries);
    this.#totalBytes = sumOf(new Map([...all.values()].flat().map((use) => [use.digest, use])).values());
    const images: VerifiedImage[] = [];
    for (const [entry, uses] of all) {
      const name = refName(entry);
      const broken = await this.#check(uses, name ?? 'what is kept for later builds');
      if (broken.length === 0) {
        images.push(verified(name, uses, []));
      } else if (await this.#isStillThere(entry)) {
        images.push(await this.#repairOrReport(entry, uses, broken));
      }
    }
    const loose = this.#options.references === undefined ? await this.#verifyUnused() : [];
    return {
      images: [...images, ...(loose.length > 0 ? [verified(undefined, [], loose)] : [])],
      blobs: this.#states.size,
      bytes: this.#verifiedBytes,
    };
  }

  async #entries(): Promise<Descriptor[]> {
    const { references } = this.#options;
    for (const reference of references ?? []) {
      await this.#store.assertNamed(reference);
    }
    const { manifests } = await this.#store.readIndex();
    return references === undefined
      ? manifests
      : manifests.filter((entry) => references.includes(refName(entry) ?? ''));
  }

  /** All blobs of each entry of the index, held by the lease. Of what cannot be read, the parts are not known. */
  async #usesOf(entries: readonly Descriptor[]): Promise<Map<Descriptor, BlobUse[]>> {
    const found = new Map<Descriptor, BlobUse[]>();
    for (const entry of entries) {
      this.#options.signal.throwIfAborted();
      found.set(entry, await usesOf(this.#store.blobs, entry));
    }
    await this.#lease.hold(...[...found.values()].flat().map(({ digest }) => digest));
    return found;
  }

  async #check(uses: readonly BlobUse[], name: string): Promise<BrokenImage['problems'][number][]> {
    const broken: BrokenImage['problems'][number][] = [];
    const seen = new Set<Digest>();
    for (const use of uses) {
      if (!seen.has(use.digest)) {
        seen.add(use.digest);
        const state =
          this.#states.get(use.digest) ?? (await this.#checkBlob(use.digest, use.size, `Verifying ${name}`));
        this.#states.set(use.digest, state);
        if (state !== 'sound') {
          broken.push({ ...use, kind: state });
        }
      }
    }
    return broken;
  }

  async #checkBlob(digest: Digest, size: number | undefined, text: string): Promise<'sound' | 'missing' | 'damaged'> {
    const { signal, onProgress } = this.#options;
    signal.throwIfAborted();
    const { blobs } = this.#store;
    const actualSize = await blobs.size(digest);
    if (actualSize === undefined) {
      return 'missing';
    }
    if (size !== undefined && actualSize !== size) {
      this.#doneBytes += size;
      return 'damaged';
    }
    const onBytes = (count: number): void => {
      this.#doneBytes += count;
      this.#verifiedBytes += count;
      onProgress?.(text, this.#doneBytes, Math.max(this.#totalBytes, this.#doneBytes));
    };
    try {
      return (await blobs.computeDigest(digest, { signal, onBytes })) === digest ? 'sound' : 'damaged';
    } catch (error) {
      signal.throwIfAborted();
      // a disk that cannot read a block says so
      return error instanceof Failure ? 'missing' : 'damaged';
    }
  }

  async #isStillThere(entry: Descriptor): Promise<boolean> {
    const { manifests } = await this.#store.readIndex();
    return manifests.some((other) => other.digest === entry.digest && refName(other) === refName(entry));
  }

  async #repairOrReport(
    entry: Descriptor,
    uses: readonly BlobUse[],
    broken: BrokenImage['problems'],
  ): Promise<VerifiedImage> {
    const { source, signal, onProgress } = this.#options;
    const reference = refName(entry);
    if (!source) {
      return verified(reference, uses, broken.map(report));
    }
    const repaired = new Map<Digest, BlobProblem>();
    let result: RepairResult = { repaired: new Map(), failures: [] };
    let problems = broken;
    // what was damaged is gone during the repair
    const kinds = new Map(broken.map(({ digest, kind }) => [digest, kind]));
    let all = uses;
    for (let round = 0; problems.length > 0 && round < maxRounds; round += 1) {
      const before = problems;
      const context: RepairContext = {
        lease: this.#lease,
        signal,
        onBytes: (count) => {
          this.#doneBytes += count;
          onProgress?.(`Repairing ${reference ?? 'what is kept for later builds'}`, this.#doneBytes, undefined);
        },
        onText: (text) => onProgress?.(text, this.#doneBytes, undefined),
      };
      const aside = await this.#setAside(problems);
      try {
        result = await source.repair({ reference, list: entry.digest, problems }, context);
      } catch (error) {
        signal.throwIfAborted();
        result = { repaired: new Map(), failures: [problemOf(error)] };
      } finally {
        await aside.putBack();
      }
      for (const problem of problems) {
        this.#states.delete(problem.digest);
      }
      // a list that is whole again names what was not known before
      all = await usesOf(this.#store.blobs, entry);
      await this.#lease.hold(...all.map(({ digest }) => digest));
      const now = await this.#check(all, reference ?? 'what is kept for later builds');
      problems = now.map((problem) => ({ ...problem, kind: kinds.get(problem.digest) ?? problem.kind }));
      for (const problem of before) {
        const from = result.repaired.get(problem.digest);
        if (this.#states.get(problem.digest) === 'sound') {
          repaired.set(problem.digest, { ...report(problem), repairedFrom: from ?? 'another part of the repair' });
        }
      }
      if (
        problems.every((problem) => before.some(({ digest }) => digest === problem.digest)) &&
        problems.length === before.length
      ) {
        break;
      }
    }
    const left = problems.map(report);
    return verified(reference, all, [...repaired.values(), ...left], left.length > 0 ? result : undefined);
  }

  /**
   * Moves damaged blobs away, so that they are fetched again. Manifests that no source has are put back: without them it would be unknown
   * which layers an image needs.
   */
  async #setAside(problems: BrokenImage['problems']): Promise<{ putBack(): Promise<void> }> {
    const moved: { readonly use: BlobUse; readonly back: () => Promise<void>; readonly path: string }[] = [];
    for (const use of problems.filter(({ kind }) => kind === 'damaged')) {
      const aside = await this.#store.blobs.setAside(use.digest);
      moved.push({ use, ...aside });
    }
    return {
      putBack: async () => {
        for (const { use, back, path } of moved) {
          const isManifest = use.role === 'list' || use.role === 'manifest';
          if (isManifest && !(await this.#store.blobs.has(use.digest))) {
            await back();
          }
          await rm(path, { force: true });
        }
      },
    };
  }

  /** Blobs that no list refers to: of running builds, or left by failed ones. A damaged one would be taken for the blob of a later image. */
  async #verifyUnused(): Promise<BlobProblem[]> {
    const { blobs } = this.#store;
    const broken: BlobProblem[] = [];
    for (const digest of await blobs.listDigests()) {
      if (!this.#states.has(digest)) {
        await this.#lease.hold(digest);
        const state = await this.#checkBlob(digest, undefined, 'Verifying what no image uses');
        if (state === 'damaged') {
          const repairedFrom = this.#options.source ? 'removed, since no image uses it' : undefined;
          if (this.#options.source) {
            await rm((await blobs.setAside(digest)).path, { force: true });
          }
          broken.push({
            digest,
            kind: 'damaged',
            what: 'a blob that no image uses',
            ...(repairedFrom ? { repairedFrom } : {}),
          });
        }
        if (state !== 'missing') {
          this.#states.set(digest, state);
        }
      }
    }
    return broken;
  }
}

/** The blobs of an entry of the index, each with what it is. */
async function usesOf(blobs: BlobStore, entry: Descriptor): Promise<BlobUse[]> {
  const { digest, mediaType, size } = entry;
  const uses: BlobUse[] = [{ digest, mediaType, size, what: 'the manifest list', role: 'list' }];
  const list = isIndexType(mediaType) ? await readManifest(blobs, entry) : undefined;
  const manifests = list?.kind === 'index' ? list.manifests : isImageType(mediaType) ? [entry] : [];
  for (const descriptor of manifests.filter((each) => isImageType(each.mediaType))) {
    const platform = descriptor.platform && platformOfParts(descriptor.platform);
    const image = { digest: descriptor.digest, platform };
    const of = isAttachment(descriptor) ? 'an attachment' : (platform ?? 'an image');
    const use = (each: Descriptor, what: string, role: BlobUse['role']): BlobUse => ({
      ...{ digest: each.digest, mediaType: each.mediaType, size: each.size },
      ...{ what: `${what} of ${of}`, role, image },
    });
    uses.push(use(descriptor, 'the manifest', 'manifest'));
    const manifest = await readManifest(blobs, descriptor);
    if (manifest?.kind === 'image') {
      uses.push(use(manifest.config, 'the configuration', 'config'));
      uses.push(...manifest.layers.map((layer, index) => use(layer, `layer ${index + 1}`, 'layer')));
    }
  }
  return uses;
}

async function readManifest(blobs: BlobStore, { digest, mediaType }: Descriptor) {
  try {
    return parseManifest(await blobs.readVerified(digest), mediaType);
  } catch {
    return undefined;
  }
}

function report({ digest, kind, what }: BrokenImage['problems'][number]): BlobProblem {
  return { digest, kind, what };
}

function verified(
  reference: string | undefined,
  uses: readonly BlobUse[],
  problems: readonly BlobProblem[],
  { failures, builtBy }: Pick<RepairResult, 'failures' | 'builtBy'> = { failures: [] },
): VerifiedImage {
  const each = new Map(uses.map((use) => [use.digest, use]));
  return {
    ...(reference === undefined ? {} : { reference }),
    blobs: each.size,
    bytes: sumOf(each.values()),
    problems: [...problems],
    ...(failures.length === 0 ? {} : { failures: [...failures] }),
    ...(builtBy === undefined ? {} : { builtBy }),
  };
}

function sumOf(uses: Iterable<{ readonly size: number }>): number {
  let bytes = 0;
  for (const { size } of uses) {
    bytes += size;
  }
  return bytes;
}
