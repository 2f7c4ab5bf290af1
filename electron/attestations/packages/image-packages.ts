import type { ImagePackage, ImagePackages } from '../../../shared/packages.ts';
import type { BlobStore } from '../../images/blob-store.ts';
import { HiddenPaths } from '../../images/layer-reader.ts';
import type { StoredImage } from '../../images/stored-list.ts';
import { type LayerPackages, type ReadPackagesOptions, readLayerPackages } from './layer-packages.ts';
import { copyrightPath } from './package-files.ts';

/** What an image has of a package database or program, after all of its layers. */
type FoundFile = LayerPackages['found'][number];

export interface PackagesOfImage extends ImagePackages {
  /** The fields of its `os-release`. */
  readonly release: Readonly<Record<string, string>>;
}

/**
 * The packages of one image. Its layers are read in order: each replaces and removes files of those below it.
 * @throws Failure `image.incomplete`; the reason of the signal
 */
export async function readImagePackages(
  blobs: BlobStore,
  { digest, platform, layers }: Pick<StoredImage, 'digest' | 'platform' | 'layers'>,
  options: ReadPackagesOptions = {},
): Promise<PackagesOfImage> {
  let files = new Map<string, FoundFile>();
  const problems: { path: string; text: string }[] = [];
  for (const layer of layers) {
    const read = await readLayerPackages(blobs, layer.digest, options);
    const hidden = new HiddenPaths(read);
    files = new Map([...files].filter(([path]) => !hidden.has(path)));
    for (const file of read.found) {
      files.set(file.path, file);
    }
    if (read.problem !== undefined) {
      problems.push({ path: layer.digest, text: read.problem });
    }
  }
  const found = [...files.values()];
  const release: Record<string, string> = {
    ...files.get('usr/lib/os-release')?.system,
    ...files.get('etc/os-release')?.system,
  };
  return {
    digest,
    platform,
    ...(release.PRETTY_NAME === undefined ? {} : { system: release.PRETTY_NAME }),
    release,
    packages: withLicences(sortedPackages(found), found),
    problems: [
      ...problems,
      ...found.flatMap(({ path, problem }) => (problem === undefined ? [] : [{ path: `/${path}`, text: problem }])),
    ],
  };
}

/**
 * Debian's packages have their licences in files of their own. A package whose folder of documents is a link to that of another one has
 * the same source as that.
 */
function withLicences(packages: readonly ImagePackage[], files: readonly FoundFile[]): ImagePackage[] {
  const licences = new Map<string, string>();
  for (const { path, licence } of files) {
    const name = copyrightPath.exec(path)?.[1];
    if (name !== undefined && licence !== undefined) {
      licences.set(name, licence);
    }
  }
  const bySource = new Map<string, string>();
  for (const each of packages) {
    const licence = each.kind === 'deb' ? licences.get(each.name) : undefined;
    const source = sourceName(each);
    if (licence !== undefined && !bySource.has(source)) {
      bySource.set(source, licence);
    }
  }
  return packages.map((each) => {
    const licence = each.kind === 'deb' ? (licences.get(each.name) ?? bySource.get(sourceName(each))) : undefined;
    return licence === undefined ? each : { ...each, licence };
  });
}

function sourceName({ name, source }: ImagePackage): string {
  return source?.name ?? name;
}

/** Each package once. Programs of Go share modules, so that of several files with the same one, the first is named. */
function sortedPackages(files: readonly FoundFile[]): ImagePackage[] {
  const packages = new Map<string, ImagePackage>();
  for (const { path, packages: own } of [...files].sort((a, b) => compare(a.path, b.path))) {
    for (const each of own) {
      const key = JSON.stringify([each.kind, each.name, each.version, each.architecture]);
      packages.set(key, packages.get(key) ?? { ...each, path: `/${path}` });
    }
  }
  return [...packages.values()].sort(
    (a, b) =>
      compare(a.kind, b.kind) ||
      compare(a.name, b.name) ||
      compare(a.version ?? '', b.version ?? '') ||
      compare(a.architecture ?? '', b.architecture ?? ''),
  );
}

/** By code units, so that the order is the same everywhere. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
