import type { Digest, ManifestList } from '../../shared/image.ts';
import type { HistoryStep, ImageDetails, ImageSettings, LayerDetails } from '../../shared/local-images.ts';
import type { Platform } from '../../shared/platform.ts';
import { sanitizeLine, sanitizeText } from '../../shared/untrusted-text.ts';
import { fieldOf, fieldsOf, numberOf, objectOf, textOf } from '../system/lenient-json.ts';
import type { Compression } from './decompress.ts';
import type { ImageStore } from './image-store.ts';
import type { Descriptor } from './manifest.ts';
import type { StoredImage, StoredList } from './stored-list.ts';

/** What is shown of an image that others have made, at most. */
const maxItems = 1_000;
const maxValue = 32_768;

/**
 * Describes the images of a stored list for people.
 * @param lists all lists in local storage
 * @throws Failure `image.incomplete`, `image.corrupt`
 */
export async function describeImages(
  store: Pick<ImageStore, 'blobs' | 'layerFiles'>,
  { images }: StoredList,
  reference: string,
  lists: readonly ManifestList[],
): Promise<ImageDetails[]> {
  const referencesOf = referencesByLayer(lists, reference);
  const platformsOf = platformsByLayer(images);
  const described: ImageDetails[] = [];
  for (const image of images) {
    const config: unknown = parseJson(await store.blobs.readVerified(image.config.digest));
    const history = readHistory(config, image.layers);
    const layers: LayerDetails[] = [];
    for (const [index, layer] of image.layers.entries()) {
      layers.push({
        ...(await describeLayer(store, layer, index, config)),
        ...commandOf(history.steps, index + 1),
        sharedWith: [...(referencesOf.get(layer.digest) ?? [])],
        sharedPlatforms: (platformsOf.get(layer.digest) ?? []).filter((platform) => platform !== image.platform),
      });
    }
    const createdAt = timeOf(config, 'created');
    const author = lineOf(config, 'author');
    const osVersion = lineOf(config, 'os.version');
    described.push({
      platform: image.platform,
      digest: image.digest,
      configDigest: image.config.digest,
      ...(createdAt === undefined ? {} : { createdAt }),
      ...(author === undefined ? {} : { author }),
      ...(osVersion === undefined ? {} : { osVersion }),
      settings: readSettings(objectOf(config, 'config')),
      history: history.steps,
      layers,
      notes: history.notes,
    });
  }
  return described;
}

async function describeLayer(
  { layerFiles }: Pick<ImageStore, 'layerFiles'>,
  { digest, mediaType, size }: Descriptor,
  index: number,
  config: unknown,
): Promise<Omit<LayerDetails, 'sharedWith' | 'sharedPlatforms'>> {
  const diffIds = fieldOf(objectOf(config, 'rootfs'), 'diff_ids');
  const diffId: unknown = Array.isArray(diffIds) ? diffIds[index] : undefined;
  const compression = compressionOfType(mediaType);
  const uncompressedSize = compression === 'none' ? size : await layerFiles.uncompressedBytes(digest);
  return {
    number: index + 1,
    digest,
    ...(typeof diffId === 'string' ? { diffId: sanitizeLine(diffId, 200) } : {}),
    mediaType: sanitizeLine(mediaType, 200),
    compression,
    size,
    ...(uncompressedSize === undefined ? {} : { uncompressedSize }),
  };
}

function compressionOfType(mediaType: string): Compression {
  return mediaType.endsWith('gzip') ? 'gzip' : mediaType.endsWith('zstd') ? 'zstd' : 'none';
}

function referencesByLayer(lists: readonly ManifestList[], own: string): Map<Digest, Set<string>> {
  const found = new Map<Digest, Set<string>>();
  for (const { reference, entries } of lists.filter((list) => list.reference !== own)) {
    for (const { digest } of entries.flatMap(({ layers }) => layers)) {
      found.set(digest, (found.get(digest) ?? new Set()).add(reference));
    }
  }
  return found;
}

function platformsByLayer(images: readonly StoredImage[]): Map<Digest, Platform[]> {
  const found = new Map<Digest, Platform[]>();
  for (const { platform, layers } of images) {
    for (const digest of new Set(layers.map((layer) => layer.digest))) {
      found.set(digest, [...(found.get(digest) ?? []), platform]);
    }
  }
  return found;
}

/** The steps of an image, each with the layer that it made. */
function readHistory(
  config: unknown,
  layers: readonly Descriptor[],
): { readonly steps: HistoryStep[]; readonly notes: string[] } {
  const raw = fieldOf(config, 'history');
  const entries: unknown[] = Array.isArray(raw) ? raw.slice(0, maxItems) : [];
  const made = entries.filter((entry) => fieldOf(entry, 'empty_layer') !== true).length;
  // some builders leave steps out, so that it is unknown which step made a layer
  const isKnown = made === layers.length;
  let number = 0;
  const steps = entries.map((entry): HistoryStep => {
    const isEmpty = fieldOf(entry, 'empty_layer') === true;
    number += isEmpty ? 0 : 1;
    const createdAt = timeOf(entry, 'created');
    const comment = lineOf(entry, 'comment');
    const author = lineOf(entry, 'author');
    const size = layers[number - 1]?.size;
    return {
      ...(createdAt === undefined ? {} : { createdAt }),
      command: stepCommand(textOf(entry, 'created_by') ?? ''),
      ...(comment === undefined ? {} : { comment }),
      ...(author === undefined ? {} : { author }),
      ...(isEmpty || !isKnown ? {} : { layer: number, ...(size === undefined ? {} : { size }) }),
    };
  });
  const notes =
    isKnown || entries.length === 0
      ? []
      : [
          `Its history names ${made} layers, and it has ${layers.length}, so that its steps are shown without their layers.`,
        ];
  return { steps, notes };
}

/**
 * docker's classic builder writes `/bin/sh -c #(nop)  CMD ["x"]` for steps that run nothing, and `|1 NAME=value /bin/sh -c make` for
 * those that have build arguments.
 */
function stepCommand(text: string): string {
  const command = text
    .replace(/^\|\d+ .*?(?=\/bin\/sh -c )/s, '')
    .replace(/^\/bin\/sh -c #\(nop\)\s*/, '')
    .replace(/^\/bin\/sh -c (?=\S)/, 'RUN ');
  return sanitizeText(command, maxValue);
}

function commandOf(steps: readonly HistoryStep[], layer: number): { readonly command?: string } {
  const step = steps.find((each) => each.layer === layer);
  return step ? { command: step.command } : {};
}

function readSettings(config: unknown): ImageSettings {
  const check = objectOf(config, 'Healthcheck');
  const test = textsOf(check, 'Test');
  return {
    ...listIn(config, { entrypoint: 'Entrypoint', cmd: 'Cmd', shell: 'Shell' }),
    ...lineIn(config, { workingDir: 'WorkingDir', user: 'User', stopSignal: 'StopSignal' }),
    env: textsOf(config, 'Env').map((text) => {
      const equals = text.indexOf('=');
      return equals < 0 ? { name: text, value: '' } : { name: text.slice(0, equals), value: text.slice(equals + 1) };
    }),
    labels: Object.entries(objectOf(config, 'Labels'))
      .slice(0, maxItems)
      .flatMap(([name, value]) =>
        typeof value === 'string' ? [{ name: sanitizeLine(name, 500), value: sanitizeText(value, maxValue) }] : [],
      ),
    ports: namesIn(config, 'ExposedPorts'),
    volumes: namesIn(config, 'Volumes'),
    onBuild: textsOf(config, 'OnBuild'),
    ...(test.length === 0
      ? {}
      : {
          healthcheck: {
            test,
            ...secondsIn(check, {
              interval: 'Interval',
              timeout: 'Timeout',
              startPeriod: 'StartPeriod',
              startInterval: 'StartInterval',
            }),
            ...(numberOf(check, 'Retries') === undefined ? {} : { retries: numberOf(check, 'Retries') }),
          },
        }),
  };
}

function listIn<K extends string>(config: unknown, names: Readonly<Record<K, string>>): Partial<Record<K, string[]>> {
  return pick(names, (name) => {
    const list = textsOf(config, name);
    return list.length === 0 ? undefined : list;
  });
}

function lineIn<K extends string>(config: unknown, names: Readonly<Record<K, string>>): Partial<Record<K, string>> {
  return pick(names, (name) => lineOf(config, name));
}

/** Go writes durations in nanoseconds. */
function secondsIn<K extends string>(config: unknown, names: Readonly<Record<K, string>>): Partial<Record<K, number>> {
  return pick(names, (name) => {
    const value = numberOf(config, name);
    return value === undefined || value === 0 ? undefined : value / 1e9;
  });
}

function pick<K extends string, T>(
  names: Readonly<Record<K, string>>,
  read: (name: string) => T | undefined,
): Partial<Record<K, T>> {
  const found: Partial<Record<K, T>> = {};
  for (const key in names) {
    const value = read(names[key]);
    if (value !== undefined) {
      found[key] = value;
    }
  }
  return found;
}

function textsOf(object: unknown, name: string): string[] {
  const list = fieldOf(object, name);
  const texts: unknown[] = Array.isArray(list) ? list.slice(0, maxItems) : [];
  return texts.filter((text) => typeof text === 'string').map((text) => sanitizeText(text, maxValue));
}

/** Go writes a set as an object with empty objects. */
function namesIn(object: unknown, name: string): string[] {
  return Object.keys(objectOf(object, name))
    .slice(0, maxItems)
    .map((key) => sanitizeLine(key, 500));
}

function lineOf(object: unknown, name: string): string | undefined {
  const text = textOf(object, name);
  return text === undefined ? undefined : sanitizeLine(text, 1_000);
}

function timeOf(object: unknown, name: string): string | undefined {
  const time = Date.parse(textOf(object, name) ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

function parseJson(bytes: Buffer): unknown {
  try {
    return fieldsOf(JSON.parse(bytes.toString('utf8')));
  } catch {
    return {};
  }
}
