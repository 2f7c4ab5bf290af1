/** For which platform the programs in an image are, whatever its configuration says. */
import { type Platform, platformOf, platformParts, platformsRunBy } from '../../shared/platform.ts';
import { hardFloatArm, type LayerPrograms } from './layer-programs.ts';
import type { ImageConfig } from './manifest.ts';

/** More links than a path has. The kernel follows 40. */
const maxLinks = 40;
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const shell = 'bin/sh';

export interface ContentPlatform {
  /** A program that says that the image is for another platform. */
  readonly foreign?: { readonly path: string; readonly platform: string };
  /** There are programs or libraries, and all of them are for the platform. */
  readonly isProven: boolean;
}

/**
 * Compares the programs in an image with a platform. The shell and the program that the image starts decide. Without them, the
 * image is for another platform if it has no program for this one: an image may hold files for others, such as firmware.
 * @param layers from the lowest.
 */
export function contentPlatform(
  layers: readonly LayerPrograms[],
  { config }: ImageConfig,
  platform: Platform,
): ContentPlatform {
  const { os, architecture } = platformParts(platform);
  const isOwn = (each: string): boolean =>
    each === architecture || (each === hardFloatArm && architecture === 'arm' && platform !== 'linux/arm/v5');
  // programs for the 32-bit predecessor of the architecture run, too
  const predecessors = platformsRunBy(platform, true)
    .map((each) => platformParts(each).architecture)
    .filter((each) => each !== architecture);
  const isRunnable = (each: string): boolean =>
    isOwn(each) || predecessors.includes(each === hardFloatArm ? 'arm' : each);
  const image = new ImageFiles(layers);
  const started = image.findStarted(config);
  const decisive = [
    { program: image.find(shell), accepts: isOwn },
    { program: started, accepts: isRunnable },
  ];
  const examples = Object.assign({}, ...layers.map((layer) => layer.examples));
  const present = Object.keys(examples);
  const others = present.filter((each) => !isOwn(each));
  const isComplete = layers.every(({ isPartial }) => !isPartial);
  const wrong =
    decisive.flatMap(({ program, accepts }) =>
      program?.architecture && !accepts(program.architecture) ? program : [],
    )[0] ??
    (isComplete && others[0] !== undefined && others.length === present.length
      ? { path: examples[others[0]], architecture: others[0] }
      : undefined);
  return {
    ...(wrong ? { foreign: { path: `/${wrong.path}`, platform: platformNameOf(os, wrong.architecture) } } : {}),
    isProven: isComplete && present.length > 0 && others.length === 0,
  };
}

function platformNameOf(os: string, architecture: string): string {
  const name = architecture === hardFloatArm ? 'armel' : architecture;
  return platformOf({ os, architecture: name }) ?? `${os}/${architecture}`;
}

interface Program {
  readonly path: string;
  /** Empty for a script. */
  readonly architecture: string;
}

/** The executable files of an image, as its layers make them. */
class ImageFiles {
  /** From the highest. */
  readonly #layers: readonly {
    readonly files: Map<string, string>;
    readonly links: Map<string, string>;
    readonly removed: Set<string>;
  }[];

  constructor(layers: readonly LayerPrograms[]) {
    this.#layers = layers
      .map(({ files, links, removed }) => ({
        files: new Map(Object.entries(files)),
        links: new Map(Object.entries(links)),
        removed: new Set(removed),
      }))
      .reverse();
  }

  /** The program that the image starts. */
  findStarted(config: ImageConfig['config']): Program | undefined {
    const [name = ''] = [...(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])];
    if (name === '') {
      return undefined;
    }
    if (name.includes('/')) {
      return this.find(name.startsWith('/') ? name : `${config?.WorkingDir ?? ''}/${name}`);
    }
    const path = config?.Env?.find((each) => each.startsWith('PATH=')) ?? defaultPath;
    for (const folder of path.slice('PATH='.length).split(':').slice(0, 50)) {
      const program = this.find(`${folder}/${name}`);
      if (program) {
        return program;
      }
    }
    return undefined;
  }

  /** Follows links in every part of the path. */
  find(path: string): Program | undefined {
    const rest = partsOf(path).reverse();
    let at: string[] = [];
    let links = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '..') {
        at.pop();
        continue;
      }
      const full = [...at, part].join('/');
      const found = this.#lookUp(full);
      if (found?.link !== undefined) {
        links += 1;
        if (links > maxLinks) {
          return undefined;
        }
        at = found.link.startsWith('/') ? [] : at;
        rest.push(...partsOf(found.link).reverse());
      } else if (rest.length === 0) {
        return found?.architecture === undefined ? undefined : { path: full, architecture: found.architecture };
      } else {
        at = [...at, part];
      }
    }
    return undefined;
  }

  #lookUp(path: string): { readonly link?: string; readonly architecture?: string } | undefined {
    for (const { files, links, removed } of this.#layers) {
      const link = links.get(path);
      const architecture = files.get(path);
      if (link !== undefined) {
        return { link };
      }
      if (architecture !== undefined) {
        return { architecture };
      }
      if (foldersOf(path).some((folder) => removed.has(folder) || removed.has(`${folder}/`)) || removed.has(path)) {
        return undefined;
      }
    }
    return undefined;
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** The folders that a path is in, and the root as an empty text. */
function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index).join('/'));
}
