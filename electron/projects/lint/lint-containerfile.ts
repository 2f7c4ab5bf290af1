/** Finds what is wrong in a Containerfile before anything is sent to a node. */
import { basename } from 'node:path';
import { closest } from '../../../shared/closest.ts';
import { formatList } from '../../../shared/format.ts';
import { type Platform, platformsRunBy } from '../../../shared/platform.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import type { SourceState } from '../../context/find-source.ts';
import type { ParsedContainerfile } from '../parse-containerfile.ts';
import { type Finding, Findings, maxNameLength, shorten } from './findings.ts';
import { isInstruction, lintInstruction } from './instruction-rules.ts';
import { type BaseImage, type ContextSource, type ImageFacts, walkStages } from './stage-walk.ts';
import { neededStages, type Stages, splitStages } from './stages.ts';

export interface LintOptions {
  /** The name of the file. podman runs the C preprocessor for the suffix `.in`. */
  readonly fileName: string;
  /** The stage to build. Default: the last one. */
  readonly target?: string | undefined;
  /** Without them, what depends on their values is not known. */
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  /** Default: any. */
  readonly platforms?: readonly Platform[] | undefined;
  /** The names of further build contexts. */
  readonly contexts?: readonly string[];
  /** Looks for a path in the context. */
  readonly findSource: (path: string) => Promise<SourceState>;
  /** Asks the registry of an image. It does not reject; undefined is an image of which nothing is known. */
  readonly imageFacts?: ((name: string, platform: Platform | undefined) => Promise<ImageFacts | undefined>) | undefined;
}

/** Of a Containerfile with more, only these are looked at. */
const maxInstructions = 5_000;
/** So many paths are looked for. */
const maxSources = 2_000;
/** For so many platforms, variables get their values. */
const maxPlatforms = 10;
/** In characters. */
const maxListLength = 200;
/** So many platforms of an image are named. */
const maxListed = 12;
/** So many images are asked for. */
const maxImages = 20;

/** Lists what is wrong, in the order of the lines. It is silent about files in another language than that of Containerfiles. */
export async function lintContainerfile(file: ParsedContainerfile, options: LintOptions): Promise<Finding[]> {
  const syntax = file.directives.get('syntax');
  const isOtherLanguage = syntax !== undefined && !/^(docker\.io\/)?docker\/dockerfile(-upstream)?(:|@|$)/.test(syntax);
  if (isOtherLanguage || options.fileName.endsWith('.in') || file.instructions.length > maxInstructions) {
    return [];
  }
  const findings = new Findings(file);
  const stages = splitStages(file);
  if (stages.all.length === 0) {
    findings.add('NoStage', file.instructions[0] ?? 1, 'The Containerfile has no FROM.');
    return findings.all;
  }
  lintTarget(stages, options.target, findings);
  const needed = neededStages(stages, options.target);
  lintInstructions(file, stages, needed, findings);
  lintStageNames(stages, findings);
  lintCasing(stages, findings);
  const platforms = options.platforms?.slice(0, maxPlatforms) ?? [];
  const walk = (facts: FactsByImage, sink: Findings) =>
    (platforms.length > 0 ? platforms : [undefined]).map((platform) => ({
      platform,
      ...walkStages(
        {
          stages,
          needed,
          isTargeted: options.target !== undefined,
          escapeCharacter: file.escapeCharacter,
          buildArgs: options.buildArgs,
          platform,
          contexts: new Set(options.contexts),
          imageFacts: (name, own) => facts.get(factsKey(name, own)),
        },
        sink,
      ),
    }));
  // the images are known only after variables have their values, and variables only with the images
  const bases = walk(new Map(), new Findings(file)).flatMap((each) =>
    each.bases.map((base) => ({ ...base, platform: base.platform ?? each.platform })),
  );
  const facts = await readFacts(bases, options);
  const results = walk(facts, findings);
  for (const base of bases) {
    lintPlatform(base, facts.get(factsKey(base.name, base.platform)), findings);
  }
  await lintSources(
    results.flatMap(({ sources }) => sources),
    needed,
    stages,
    options,
    findings,
  );
  return findings.all;
}

type FactsByImage = ReadonlyMap<string, ImageFacts | undefined>;

function factsKey(name: string, platform: Platform | undefined): string {
  return `${name} ${platform ?? ''}`;
}

async function readFacts(bases: readonly BaseImage[], { imageFacts }: LintOptions): Promise<FactsByImage> {
  const images = new Map(bases.map(({ name, platform }) => [factsKey(name, platform), { name, platform }]));
  const entries = imageFacts ? [...images].slice(0, maxImages) : [];
  return new Map(
    await Promise.all(
      entries.map(async ([key, { name, platform }]) => [key, await imageFacts?.(name, platform)] as const),
    ),
  );
}

function lintTarget({ all, find }: Stages, target: string | undefined, findings: Findings): void {
  if (target === undefined || find(target, all.length)) {
    return;
  }
  const names = all.flatMap(({ name }) => name ?? []).filter((name) => name.length <= maxNameLength);
  const suggestion = target.length <= maxNameLength ? closest(target, names) : undefined;
  findings.add('UnknownTarget', all.at(-1)?.from ?? 1, `There is no stage ${shorten(target)} to build.`, {
    fix:
      suggestion !== undefined
        ? `Did you mean ${shorten(suggestion)}?`
        : names.length === 0
          ? 'No FROM names a stage. Build without a target.'
          : `Its stages are ${sanitizeLine(formatList(names), maxListLength)}.`,
  });
}

function lintInstructions(
  { instructions, escapeCharacter }: ParsedContainerfile,
  { before, all }: Stages,
  needed: ReadonlySet<number>,
  findings: Findings,
): void {
  let stage = -1;
  for (const instruction of instructions) {
    if (findings.isFull) {
      break;
    }
    stage += instruction.keyword === 'FROM' ? 1 : 0;
    findings.isNeeded = stage >= 0 && needed.has(stage);
    lintInstruction(instruction, escapeCharacter, findings);
  }
  findings.isNeeded = true;
  const misplaced = before.find(({ keyword }) => keyword !== 'ARG');
  if (misplaced && all.length > 0) {
    findings.add(
      'NotPortable',
      misplaced,
      `${shorten(misplaced.keyword)} is before the first FROM, which docker and BuildKit refuse.`,
      { fix: 'Only ARG can be there. Move the line down.' },
    );
  }
}

function lintStageNames({ all }: Stages, findings: Findings): void {
  const names = new Map<string, string>();
  for (const { name, from } of all) {
    const key = name?.toLowerCase();
    if (name === undefined || key === undefined) {
      continue;
    }
    if (names.has(key)) {
      findings.add('DuplicateStageName', from, `There is another stage ${shorten(name)} before this one.`, {
        fix: 'Give each stage a name of its own.',
      });
    }
    if (key === 'scratch' || key === 'context') {
      findings.add('ReservedStageName', from, `The name ${shorten(name)} has a meaning of its own.`);
    }
    if (!/^[a-z][a-z0-9-_.]*$/.test(key)) {
      findings.add('NotPortable', from, `docker and BuildKit refuse ${shorten(name)} as the name of a stage.`, {
        fix: 'Start it with a letter, and use only letters, digits, -, _ and dots.',
      });
    }
    names.set(key, name);
  }
}

/** All instructions of the stages are to be in the same case as most of them. */
function lintCasing({ all }: Stages, findings: Findings): void {
  const written = all
    .flatMap(({ from, instructions }) => [from, ...instructions])
    .filter(({ keyword }) => isInstruction(keyword))
    .map((instruction) => ({ instruction, word: instruction.text.slice(0, instruction.keyword.length) }));
  const lower = written.filter(({ word }) => word === word.toLowerCase()).length;
  const upper = written.filter(({ word }) => word === word.toUpperCase()).length;
  const isLower = lower > upper;
  for (const { instruction, word } of written) {
    const wanted = isLower ? word.toLowerCase() : word.toUpperCase();
    if (word !== wanted) {
      findings.add(
        'ConsistentInstructionCasing',
        instruction,
        `${shorten(word)} is in another case than most instructions.`,
        {
          fix: `Write ${shorten(wanted)}.`,
        },
      );
    }
  }
}

/** Is a base image there for a platform of the build? */
function lintPlatform({ from, name, platform }: BaseImage, facts: ImageFacts | undefined, findings: Findings): void {
  const there = facts?.platforms ?? [];
  if (
    platform === undefined ||
    there.length === 0 ||
    platformsRunBy(platform, false).some((each) => there.includes(each))
  ) {
    return;
  }
  findings.add(
    'InvalidBaseImagePlatform',
    from,
    `${shorten(name)} is not there for ${platform}: its registry has it for ${formatList(there.slice(0, maxListed))}.`,
  );
}

async function lintSources(
  sources: readonly ContextSource[],
  needed: ReadonlySet<number>,
  { all }: Stages,
  { findSource }: LintOptions,
  findings: Findings,
): Promise<void> {
  const states = new Map<string, SourceState>();
  const stageOf = new Map(all.flatMap(({ index, instructions }) => instructions.map((each) => [each, index] as const)));
  for (const { instruction, path } of sources) {
    if (findings.isFull || states.size >= maxSources) {
      return;
    }
    const state = states.get(path) ?? (await findSource(path));
    states.set(path, state);
    findings.isNeeded = needed.has(stageOf.get(instruction) ?? -1);
    if (state.kind === 'missing') {
      const { suggestion } = state;
      findings.add('MissingSource', instruction, `${shorten(path)} is not in the context.`, {
        ...(suggestion === undefined ? {} : { fix: `Did you mean ${shorten(suggestion)}?` }),
      });
    } else if (state.kind === 'unmatched') {
      findings.add('UnmatchedWildcard', instruction, `${shorten(path)} matches nothing in the context.`);
    } else if (state.kind === 'ignored') {
      const plain = path.replace(/^(\.?\/)+/, '');
      findings.add(
        'CopyIgnoredFile',
        instruction,
        `${shorten(path)} is excluded by line ${state.line} of ${basename(state.file)}: ${shorten(state.pattern)}`,
        { fix: `Add a line after it: !${shorten(plain)}` },
      );
    }
  }
  findings.isNeeded = true;
}
