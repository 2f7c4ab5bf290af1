/** What differs between two images that should be the same, byte for byte: manifest, configuration, and the files of layers. */

import { createHash } from 'node:crypto';
import type { Digest } from '../../shared/image.ts';
import type { Difference } from '../../shared/reproduction.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { wordOf } from '../../shared/words.ts';
import type { BlobStore } from '../images/blob-store.ts';
import { decompress } from '../images/decompress.ts';
import type { StoredImage } from '../images/stored-list.ts';
import { readTar } from '../images/tar-reader.ts';
import { compareValues } from './compare-config.ts';

/** So many are returned of one image. */
const maxDifferences = 200;
/** Files of one layer. The facts of each are held in memory. */
const maxFiles = 500_000;
const maxText = 120;

export interface Differences {
  readonly differences: Difference[];
  readonly moreDifferences: number;
}

/** @throws Failure `image.incomplete`, `image.corrupt`; the reason of the signal */
export async function findDifferences(
  blobs: BlobStore,
  before: StoredImage,
  after: StoredImage,
  signal: AbortSignal,
): Promise<Differences> {
  const found = new Found();
  if (before.digest === after.digest) {
    return found.result;
  }
  const [oldConfig, newConfig] = await Promise.all(
    [before, after].map(
      async ({ config }): Promise<unknown> => JSON.parse((await blobs.readVerified(config.digest)).toString('utf8')),
    ),
  );
  const withoutParts = ({ bytes }: StoredImage): object => ({
    ...(JSON.parse(bytes.toString('utf8')) as object),
    ...{ config: undefined, layers: undefined },
  });
  compareFields(withoutParts(before), withoutParts(after), 'manifest', found);
  // layers are compared by their files
  const withoutLayers = (config: unknown): unknown => ({ ...(config as object), rootfs: undefined });
  compareFields(withoutLayers(oldConfig), withoutLayers(newConfig), 'configuration', found);
  const count = Math.max(before.layers.length, after.layers.length);
  for (let index = 0; index < count; index += 1) {
    const [one, other] = [before.layers[index], after.layers[index]];
    const name = `layer ${index + 1}`;
    if (!one || !other) {
      found.add('layer', name, one ? 'only in the first image' : 'only in the second image');
    } else if (one.digest !== other.digest) {
      await compareLayers(blobs, { name, one: one.digest, other: other.digest }, found, signal);
    }
  }
  return found.result;
}

class Found {
  readonly #all: Difference[] = [];
  #more = 0;

  add(part: Difference['part'], name: string, text: string): void {
    if (this.#all.length < maxDifferences) {
      this.#all.push({ part, name: sanitizeLine(name, 500), text: sanitizeLine(text, 2 * maxText) });
    } else {
      this.#more += 1;
    }
  }

  get result(): Differences {
    return { differences: this.#all, moreDifferences: this.#more };
  }
}

/** Compares two values of JSON field by field. */
function compareFields(one: unknown, other: unknown, part: Difference['part'], found: Found): void {
  for (const { name, a = wordOf('missing'), b = wordOf('missing') } of compareValues(fieldsIn(one), fieldsIn(other))) {
    found.add(part, name, `${sanitizeLine(a, maxText)} → ${sanitizeLine(b, maxText)}`);
  }
}

/** The fields of a value by their paths: `config.Env.0`. The depth of manifests and configurations is limited. */
function fieldsIn(value: unknown, path = '', fields = new Map<string, string>()): Map<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  for (const [key, each] of entries) {
    fieldsIn(each, path === '' ? key : `${path}.${key}`, fields);
  }
  if (entries.length === 0 && value !== undefined) {
    fields.set(path, JSON.stringify(value));
  }
  return fields;
}

/** What an entry of a layer is, by what is compared of it. */
type FileFacts = Readonly<Record<'type' | 'mode' | 'owner' | 'time' | 'link' | 'size' | 'content', string>>;

const factNames: Readonly<Record<keyof FileFacts, string>> = {
  type: 'kind',
  mode: 'permissions',
  owner: 'owner',
  time: 'time',
  link: 'target',
  size: 'size',
  content: 'content',
};

async function compareLayers(
  blobs: BlobStore,
  { name, one, other }: { readonly name: string; readonly one: Digest; readonly other: Digest },
  found: Found,
  signal: AbortSignal,
): Promise<void> {
  const [before, after] = [await readFacts(blobs, one, signal), await readFacts(blobs, other, signal)];
  if (!before || !after) {
    found.add('layer', name, 'its files could not be compared');
    return;
  }
  let isSame = true;
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(path), after.get(path)];
    const names = Object.keys(factNames) as (keyof FileFacts)[];
    const changed = names.filter((fact) => old?.[fact] !== now?.[fact]);
    if (changed.length > 0) {
      isSame = false;
      found.add('file', `/${path}`, describeChange(old, now, changed));
    }
  }
  if (isSame) {
    found.add('layer', name, 'the same files in another order or compression');
  }
}

function describeChange(
  old: FileFacts | undefined,
  now: FileFacts | undefined,
  changed: readonly (keyof FileFacts)[],
): string {
  if (!old || !now) {
    return old ? 'only in the first image' : 'only in the second image';
  }
  return changed
    .map((fact) => (fact === 'content' ? factNames[fact] : `${factNames[fact]} ${old[fact]} → ${now[fact]}`))
    .join(', ');
}

/** Undefined if the layer is damaged, or has too many files. */
async function readFacts(
  blobs: BlobStore,
  layer: Digest,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FileFacts> | undefined> {
  const facts = new Map<string, FileFacts>();
  try {
    for await (const entry of readTar(decompress(blobs.read(layer)))) {
      signal.throwIfAborted();
      const hash = createHash('sha256');
      for await (const chunk of entry.content()) {
        hash.update(chunk);
      }
      facts.set(entry.name.replace(/^(?:\.?\/)+|\/+$/g, ''), {
        type: entry.type,
        mode: entry.mode.toString(8),
        owner: `${entry.uid}:${entry.gid}`,
        time: new Date(Math.min(Math.max(entry.mtime, 0), 1e11) * 1000).toISOString(),
        link: entry.linkname,
        size: `${entry.size}`,
        content: hash.digest('hex'),
      });
      if (facts.size > maxFiles) {
        return undefined;
      }
    }
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
  return facts;
}
