import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { expand, globalArgs } from '../engines/base-image.ts';
import { findStage, parseStages, type Stage } from '../engines/containerfile-steps.ts';
import type { BaseName } from '../engines/engine.ts';
import {
  type ParsedContainerfile,
  type ParsedInstruction,
  splitFlags,
  stageName,
} from '../projects/parse-containerfile.ts';

/** Builds with more sources than this are not looked at. */
const maxSources = 1000;

/** A line that names a frontend, also in places where podman finds none. */
const syntaxPattern = /^[ \t]*(?:#|\/\/)[ \t]*syntax[ \t]*=/im;

export interface CacheableInput {
  /** The Containerfile. */
  readonly text: string;
  /** The same, parsed. */
  readonly containerfile: ParsedContainerfile;
  /** The names of additional build contexts, which are neither stages nor base images. */
  readonly contexts?: readonly string[];
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
  readonly platform: Platform;
  /** That of the engine. */
  readonly nodePlatform: Platform;
}

const keywords: ReadonlySet<string> = new Set([
  ...['FROM', 'RUN', 'COPY', 'ADD', 'ARG', 'ENV', 'LABEL', 'CMD', 'ENTRYPOINT', 'EXPOSE', 'USER', 'WORKDIR', 'VOLUME'],
  ...['STOPSIGNAL', 'HEALTHCHECK', 'SHELL', 'ONBUILD', 'MAINTAINER'],
]);

/** What an instruction takes from elsewhere than the context: a stage or image by name, and the platform that FROM asks for. */
interface Source {
  readonly name: string;
  readonly flag?: string | undefined;
}

/**
 * The base images of a build whose result depends only on them, the context and the options of the build, so that the engine's
 * build cache answers it when it is repeated. Undefined if that is not certain: for what is downloaded, for frontends of other
 * images, for secrets, and for whatever is written in a way that is not known.
 */
export function basesOfCacheable(input: CacheableInput): BaseName[] | undefined {
  const { text, containerfile, buildArgs, target } = input;
  const { instructions } = containerfile;
  const isKnown =
    !syntaxPattern.test(text) &&
    !Object.hasOwn(buildArgs, 'BUILDKIT_SYNTAX') &&
    instructions.every((instruction) => keywords.has(instruction.keyword) && !isDownload(instruction));
  const stages = parseStages(instructions);
  const last = target === undefined ? stages.length - 1 : findStage(stages, target);
  const byStage = instructionsByStage(instructions);
  if (!isKnown || last === undefined || last < 0 || byStage.length !== stages.length) {
    return undefined;
  }
  const args = globalArgs({ ...input, instructions });
  const bases = new Map<string, BaseName>();
  const needed = new Set([last]);
  // a stage is made only of earlier ones, so that each is complete when it is reached
  let count = 0;
  for (let index = last; index >= 0; index--) {
    const sources = needed.has(index) ? (byStage[index] ?? []).flatMap(sourcesOf) : [];
    const earlier = sources.length > 0 ? stages.slice(0, index) : [];
    count += sources.length;
    for (const source of count > maxSources ? [undefined] : sources) {
      const found = source && findSource(source, earlier, args, input);
      if (found === undefined) {
        return undefined;
      }
      if (typeof found === 'number') {
        needed.add(found);
      } else if (found !== 'scratch') {
        bases.set(`${found.name} ${found.platform}`, found);
      }
    }
  }
  return [...bases.values()];
}

/** Is the result of an instruction decided by a download, or by something else that is not in the context? */
function isDownload({ keyword, rest, text }: ParsedInstruction): boolean {
  switch (keyword) {
    case 'ADD':
      // a URL or a Git repository, in any way of writing it
      return /[:@$\\`]|github\.com\//.test(rest);
    case 'ONBUILD':
      return /^\S+\s+(?:ADD|COPY\s.*--from|RUN\s.*--mount)/is.test(text);
    case 'RUN':
      return splitFlags(rest).flags.some((flag) => /["'\\`]|\btype=(?:secret|ssh)\b/i.test(flag));
    default:
      return splitFlags(rest).flags.some((flag) => /["'\\`]/.test(flag));
  }
}

/** The instructions of each stage. Those before the first FROM are in none. */
function instructionsByStage(instructions: readonly ParsedInstruction[]): ParsedInstruction[][] {
  const stages: ParsedInstruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') {
      stages.push([]);
    }
    stages.at(-1)?.push(instruction);
  }
  return stages;
}

function sourcesOf({ keyword, rest }: ParsedInstruction): (Source | undefined)[] {
  const { flags, words } = splitFlags(rest);
  const flagValue = (flag: string): string => flag.slice(flag.indexOf('=') + 1);
  switch (keyword) {
    case 'FROM': {
      const [name] = words;
      const isKnown = name !== undefined && (words.length === 1 || (words.length === 3 && stageName(rest)));
      return [isKnown ? { name, flag: flags.map(flagValue).join(' ') } : undefined];
    }
    case 'COPY':
      return flags.filter((flag) => /^--from=/i.test(flag)).map((flag) => known({ name: flagValue(flag) }));
    case 'RUN':
      return flags
        .filter((flag) => /^--mount/i.test(flag))
        .flatMap((flag) => flagValue(flag).split(','))
        .filter((option) => /^from=/i.test(option.trim()))
        .map((option) => known({ name: flagValue(option) }));
    default:
      return [];
  }
}

/** Variables of a stage may have other values than those of FROM. */
function known(source: Source): Source | undefined {
  return source.name.includes('$') ? undefined : source;
}

function findSource(
  { name, flag }: Source,
  earlier: readonly Stage[],
  args: ReadonlyMap<string, string>,
  { platform: buildPlatform, contexts = [] }: CacheableInput,
): number | BaseName | 'scratch' | undefined {
  const isFrom = flag !== undefined;
  const expanded = expand(name, args);
  if (expanded && contexts.some((context) => isSameName(context, expanded))) {
    return 'scratch';
  }
  const stage = expanded ? findStage(earlier, expanded, !isFrom) : undefined;
  if (!expanded || stage !== undefined || (expanded === 'scratch' && isFrom)) {
    return expanded ? (stage ?? 'scratch') : undefined;
  }
  const platform = flag ? parsePlatform(expand(flag, args) ?? '') : buildPlatform;
  return platform && { name: expanded, platform };
}

/** BuildKit takes names of images for the same that mean the same image, and podman compares them as they are: both count. */
function isSameName(one: string, other: string): boolean {
  const short = (name: string): string =>
    name
      .toLowerCase()
      .replace(/^(?:index\.)?docker\.io\//, '')
      .replace(/^library\//, '')
      .replace(/:latest$/, '');
  return short(one) === short(other);
}
