/**
 * The kinds of outputs of an image, once: from this table come the texts that people write for them, the dialogs and fields of the
 * window, and the help of the terminal.
 */
import { closest } from './closest.ts';
import { parseReference } from './image.ts';
import { type Platform, parsePlatform, platformParts } from './platform.ts';

/** Where an output goes. `engine`: of this computer. */
export type OutputTarget = 'store' | 'folder' | 'file' | 'engine' | 'node';

interface OutputRow {
  /** As in "as an OCI layout". */
  readonly label: string;
  readonly hint: string;
  /** How it is written. */
  readonly form: string;
  readonly target: OutputTarget;
  /** What follows the destination: a tag or name in it, the name of the image there, or nothing. */
  readonly name: 'tag' | 'image' | 'none';
  /** How many platforms fit into it. */
  readonly platforms: 'several' | 'one';
  /** What a file gets at the end of its name. */
  readonly extension?: string;
}

export const outputKinds = {
  list: {
    label: 'Local storage',
    hint: 'Where each image goes, without any output.',
    form: 'list',
    target: 'store',
    name: 'none',
    platforms: 'several',
  },
  'oci-archive': {
    label: 'OCI archive',
    hint: "A tar file with all platforms, for podman, skopeo, and Docker with containerd's image store.",
    form: 'oci-archive:FILE[:TAG]',
    target: 'file',
    name: 'tag',
    platforms: 'several',
    extension: '.tar',
  },
  oci: {
    label: 'OCI layout',
    hint: 'A folder with all platforms. An OCI layout that is there keeps its other images.',
    form: 'oci:FOLDER[:TAG]',
    target: 'folder',
    name: 'tag',
    platforms: 'several',
  },
  'docker-archive': {
    label: 'Docker archive',
    hint: 'A tar file with one platform, which every version of Docker and podman can load.',
    form: 'docker-archive:FILE[:NAME:TAG]',
    target: 'file',
    name: 'image',
    platforms: 'one',
    extension: '.tar',
  },
  dir: {
    label: 'Folder of blobs',
    hint: 'A folder with the manifests and blobs of all platforms, as skopeo and buildfarm write it (dir:).',
    form: 'dir:FOLDER',
    target: 'folder',
    name: 'none',
    platforms: 'several',
  },
  rootfs: {
    label: 'Root file system',
    hint: 'The files of the image in a folder. Several platforms have a folder each.',
    form: 'rootfs:FOLDER',
    target: 'folder',
    name: 'none',
    platforms: 'several',
  },
  'rootfs-tar': {
    label: 'Root file system as tar',
    hint: 'The files of the image in a tar file. Several platforms have a folder each.',
    form: 'rootfs:FILE.tar',
    target: 'file',
    name: 'none',
    platforms: 'several',
    extension: '.tar',
  },
  'docker-daemon': {
    label: 'Docker on this computer',
    hint: 'Loads the image into Docker. Other platforms than its own get the architecture at the end of their tag.',
    form: 'docker-daemon:[NAME:TAG]',
    target: 'engine',
    name: 'image',
    platforms: 'several',
  },
  podman: {
    label: 'podman on this computer',
    hint: 'Loads the image into podman. Other platforms than its own get the architecture at the end of their tag.',
    form: 'podman:[NAME:TAG]',
    target: 'engine',
    name: 'image',
    platforms: 'several',
  },
  load: {
    label: 'Docker or podman on this computer',
    hint: 'Loads the image into Docker, or into podman if Docker does not run.',
    form: 'load',
    target: 'engine',
    name: 'image',
    platforms: 'several',
  },
  node: {
    label: 'Node',
    hint: 'Loads the image into the engine of a node. Other platforms than its own get the architecture at the end of their tag.',
    form: 'node:CONNECTION[:NAME:TAG]',
    target: 'node',
    name: 'image',
    platforms: 'several',
  },
} as const satisfies Record<string, OutputRow>;
export type OutputKind = keyof typeof outputKinds;

export const outputKindNames = Object.keys(outputKinds) as OutputKind[];

export function outputRow(kind: OutputKind): OutputRow {
  return outputKinds[kind];
}

/** The file name that means standard output. */
export const standardOutput = '-';

/** One output of an image. */
export interface Output {
  readonly kind: OutputKind;
  /** Of a folder or a file: absolute in a request, or `-`. */
  readonly path?: string;
  /** The connection of a node. */
  readonly node?: string;
  /** The tag in a layout, or the name of the image in an engine or archive. Without it: the reference of the image. */
  readonly name?: string;
  /** Without them: all, or the one of the computer where only one fits. */
  readonly platforms?: readonly Platform[];
}

/** What an output text means: an output, or, in forms of buildx, a push. Otherwise what is wrong with it. */
export type ParsedOutput =
  | ({ readonly output: Output } & Absent<'push' | 'problem' | 'fix'>)
  | ({ readonly push: { readonly destination?: string } } & Absent<'output' | 'problem' | 'fix'>)
  /** The problem follows the text: "is not an output". */
  | ({ readonly problem: string; readonly fix: string } & Absent<'output' | 'push'>);

type Absent<K extends string> = { readonly [N in K]?: undefined };

const platformsPattern = /@((?:[a-z0-9]+\/)?[a-z0-9]+(?:\/v?[0-9]+)?(?:,(?:[a-z0-9]+\/)?[a-z0-9]+(?:\/v?[0-9]+)?)*)$/;

/**
 * Reads an output as people write it: `KIND:DESTINATION[:NAME][@PLATFORM,…]`, a form of buildx (`type=oci,dest=FILE`), or only a
 * folder, which gets the root file system as with buildx and podman.
 */
export function parseOutput(text: string): ParsedOutput {
  if (text.trim() === '') {
    return wrong('is not an output', outputForms);
  }
  if (/^(?:[\w-]+=|"[\w-]+=)/.test(text)) {
    return parseEntries(text);
  }
  const [, word, value = ''] = /^([a-z][a-z-]+)(?::(.*))?$/s.exec(text) ?? [];
  if (word === 'list' && value === '') {
    return { output: { kind: 'list' } };
  }
  const kind = word === 'containers-storage' ? 'podman' : word;
  if (kind !== undefined && isKind(kind) && kind !== 'list' && (text.includes(':') || kind === 'load')) {
    return parseValue(kind, value);
  }
  // without a kind, and no letter of a drive: `docker build -o FOLDER`, and `-o -`
  if (!/^[a-z-]{2,}:/.test(text)) {
    return text === standardOutput
      ? { output: { kind: 'rootfs-tar', path: standardOutput } }
      : withPlatforms(text, (path) => ({ output: { kind: 'rootfs', path } }));
  }
  const meant = closest(word ?? '', outputKindNames);
  return wrong(
    'is not an output',
    meant === undefined ? outputForms : `Did you mean ${outputRow(meant as OutputKind).form}?`,
  );
}

const outputForms = `Use one of: ${outputKindNames.map((kind) => outputRow(kind).form).join(', ')}.`;

function isKind(word: string): word is OutputKind {
  return Object.hasOwn(outputKinds, word);
}

function wrong(problem: string, fix: string): ParsedOutput {
  return { problem, fix };
}

function parseValue(kind: OutputKind, value: string): ParsedOutput {
  return withPlatforms(value, (rest) => {
    const { target, form, name: named } = outputRow(kind);
    switch (target) {
      case 'folder':
      case 'file': {
        // a colon after the letter of a drive belongs to the path
        const [, path = '', name] =
          (named === 'none' ? /^(.*)$/s : /^((?:[A-Za-z]:[\\/])?[^:]*)(?::(.*))?$/s).exec(rest) ?? [];
        if (path === '' || name === '') {
          return wrong('does not say where to', `Use ${form}.`);
        }
        const isTar = kind === 'rootfs' && (path === standardOutput || /\.tar$/i.test(path));
        return checked({ kind: isTar ? 'rootfs-tar' : kind, path, ...(name === undefined ? {} : { name }) });
      }
      case 'node': {
        const [, node = '', name] = /^([^:]*)(?::(.*))?$/s.exec(rest) ?? [];
        return node === '' || name === ''
          ? wrong('does not name a node', `Use ${form}.`)
          : checked({ kind, node, ...(name === undefined ? {} : { name }) });
      }
      default:
        return checked({ kind, ...(rest === '' ? {} : { name: rest }) });
    }
  });
}

/** Reads the platforms at the end of a text. */
function withPlatforms(text: string, read: (rest: string) => ParsedOutput): ParsedOutput {
  const [whole, list] = platformsPattern.exec(text) ?? [];
  const platforms = list?.split(',').map((each) => parsePlatform(each));
  if (whole === undefined || platforms === undefined || platforms.includes(undefined)) {
    return read(text);
  }
  const parsed = read(text.slice(0, -whole.length));
  const chosen = [...new Set(platforms.flatMap((each) => each ?? []))];
  return parsed.output ? checked({ ...parsed.output, platforms: chosen }) : parsed;
}

function checked(output: Output): ParsedOutput {
  const { target, name: named, platforms } = outputRow(output.kind);
  if (output.path === standardOutput && target !== 'file') {
    return wrong('cannot go to standard output', 'Use a kind that is one file, such as oci-archive:- or rootfs:-.');
  }
  if (platforms === 'one' && (output.platforms?.length ?? 0) > 1) {
    return wrong(
      'has room for one platform only',
      'Write one file for each platform, such as docker-archive:arm64.tar@linux/arm64, or use oci-archive.',
    );
  }
  if (named === 'image' && output.name !== undefined && typeof parseReference(output.name) === 'string') {
    return wrong(`has an image name that is not valid, ${output.name}`, 'Use NAME:TAG, such as api:1.4.');
  }
  return { output };
}

/** The shortest text that {@link parseOutput} reads as this output. */
export function formatOutput({ kind, path, node, name, platforms = [] }: Output): string {
  const at = platforms.length === 0 ? '' : `@${platforms.join(',')}`;
  const parts = [kind === 'rootfs-tar' && /\.tar$|^-$/i.test(path ?? '') ? 'rootfs' : kind, path ?? node, name];
  const text = parts.filter((part) => part !== undefined).join(':');
  const needsColon = (kind === 'docker-daemon' || kind === 'podman') && name === undefined;
  return `${text}${needsColon ? ':' : ''}${at}`;
}

/** @throws Error for a text that a schema has not checked */
export function outputOf(text: string): Output {
  const { output, problem } = parseOutput(text);
  if (!output) {
    throw new Error(`"${text}" ${problem ?? 'is a push'}`);
  }
  return output;
}

/** Whether an output text names standard output. */
export function isStandardOutput(text: string): boolean {
  return parseOutput(text).output?.path === standardOutput;
}

/** An output text with another path, if it has one. */
export function withOutputPath(text: string, resolve: (path: string) => string): string {
  const output = outputOf(text);
  return output.path === undefined || output.path === standardOutput
    ? formatOutput(output)
    : formatOutput({ ...output, path: resolve(output.path) });
}

/** What is wrong with an output of a build, which a push is not. */
export function outputProblem(text: string): { readonly problem: string; readonly fix: string } | undefined {
  const parsed = parseOutput(text);
  if (parsed.push) {
    return { problem: 'is a push', fix: 'Push with the option for it.' };
  }
  return parsed.problem === undefined ? undefined : parsed;
}

/** `arm64` or `armv7`: what the tag of an image for another platform ends with in an engine. */
export function platformSuffix(platform: Platform): string {
  const { os, architecture, variant = '' } = platformParts(platform);
  return `${os === 'linux' ? '' : `${os}-`}${architecture}${variant}`;
}

/** `linux_amd64`: the folder of a platform in a root file system for several. */
export function platformFolder(platform: Platform): string {
  return platform.replaceAll('/', '_');
}

/** What keys of buildx mean where they change nothing here. */
const ignoredEntries: Readonly<Record<string, string>> = { 'oci-mediatypes': 'true', tar: 'true', store: 'true' };

/** `type=oci,dest=FILE`, as buildx and podman have it. */
function parseEntries(text: string): ParsedOutput {
  const entries = new Map(
    splitEntries(text).map((field) => {
      const equals = field.indexOf('=');
      return equals < 0 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
    }),
  );
  const type = entries.get('type') ?? '';
  const path = entries.get('dest') || undefined;
  const name = entries.get('name') || undefined;
  const isPush = type === 'registry' || (type === 'image' && entries.get('push') === 'true');
  const known = ['type', 'dest', 'name', ...(type === 'image' ? ['push'] : [])];
  const isLayout = type === 'oci' && entries.get('tar') === 'false';
  const unknown = [...entries].find(
    ([key, value]) => !known.includes(key) && ignoredEntries[key] !== value && !(isLayout && key === 'tar'),
  );
  if (unknown) {
    return wrong(
      `has an entry that is not supported, ${unknown[0]}`,
      'Leave it out. How layers are compressed is said when an image is pushed.',
    );
  }
  if (isPush) {
    return { push: name === undefined ? {} : { destination: name } };
  }
  const named = name === undefined ? {} : { name };
  switch (type) {
    case 'image':
      return { output: { kind: 'list' } };
    case 'docker':
      return checked(path === undefined ? { kind: 'load', ...named } : { kind: 'docker-archive', path, ...named });
    case 'oci':
      // without a destination, buildx writes to standard output
      return checked({ kind: isLayout ? 'oci' : 'oci-archive', path: path ?? standardOutput, ...named });
    case 'local':
      return path === undefined
        ? wrong('does not say where to', 'Add dest=FOLDER.')
        : checked({ kind: path === standardOutput ? 'rootfs-tar' : 'rootfs', path });
    case 'tar':
      return checked({ kind: 'rootfs-tar', path: path ?? standardOutput });
    case 'cacheonly':
      return wrong(
        'has no meaning here: each image goes to local storage',
        'Leave it out. Local storage needs no registry and no engine.',
      );
    default:
      return wrong(
        `has a type that is not known, ${type || 'none'}`,
        'Use type=oci, docker, local, tar, image or registry.',
      );
  }
}

/** The fields of a line of CSV. */
function splitEntries(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  );
}
