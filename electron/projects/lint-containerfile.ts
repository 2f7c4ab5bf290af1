/** Finds what is wrong in a Containerfile before anything is sent to a node. */
import { closest } from '../../shared/closest.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import type { SourceState } from '../context/find-source.ts';
import { type ParsedContainerfile, type ParsedInstruction, splitFlags, stageName } from './parse-containerfile.ts';

/** Something that is wrong in a Containerfile. An error makes every engine refuse the build; a warning may be meant. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
  /** What to do about it; may be empty. */
  readonly fix: string;
}

export interface LintOptions {
  /** The name of the file. podman runs the C preprocessor for the suffix `.in`. */
  readonly fileName: string;
  /** The stage to build. Default: the last one. */
  readonly target?: string | undefined;
  /** Looks for a path in the context. */
  readonly findSource: (path: string) => Promise<SourceState>;
}

const keywords = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
];

/** Arguments that have a value in FROM without an ARG. */
const predefinedArgs = /^(TARGET|BUILD)(PLATFORM|OS(VERSION)?|ARCH|VARIANT|STAGE)$/;

/** Of a Containerfile with more, only these are looked at. */
const maxInstructions = 5_000;
const maxFindings = 100;
/** What is longer is compared with no other name. */
const maxNameLength = 60;
/** Shorter names are too much alike. */
const minMisspelledLength = 4;
/** Of the stages before, so many are compared with a name. */
const maxComparedStages = 100;

/** A stage with its instructions, FROM included. */
interface Stage {
  readonly name: string | undefined;
  readonly instructions: readonly ParsedInstruction[];
}

/**
 * Lists what is wrong. It is silent where engines differ or more is needed to know: about variables, wildcards, links, and
 * files in another language than that of Containerfiles.
 */
export async function lintContainerfile(file: ParsedContainerfile, options: LintOptions): Promise<Finding[]> {
  const syntax = file.directives.get('syntax');
  const isOtherLanguage = syntax !== undefined && !/^(docker\.io\/)?docker\/dockerfile(:|@|$)/.test(syntax);
  if (isOtherLanguage || options.fileName.endsWith('.in') || file.instructions.length > maxInstructions) {
    return [];
  }
  const stages = splitStages(file.instructions);
  if (stages.length === 0) {
    const line = file.instructions[0]?.firstLine ?? 1;
    return [
      {
        severity: 'error',
        line,
        message: 'The Containerfile has no FROM.',
        fix: 'Start it with FROM and a base image.',
      },
    ];
  }
  const needed = neededStages(stages, options.target);
  const globalArgs = new Set(
    file.instructions
      .slice(0, file.instructions.indexOf(stages[0]?.instructions[0] ?? emptyInstruction))
      .flatMap(({ keyword, rest }) => (keyword === 'ARG' ? rest.split(/\s+/).map((word) => word.split('=')[0]) : [])),
  );
  const findings: Finding[] = [];
  for (const [index, stage] of stages.entries()) {
    findings.push(...lintStageName(stages, index));
    for (const instruction of stage.instructions) {
      for (const finding of await lintInstruction(instruction, { ...options, stages, index, globalArgs })) {
        // podman does not look at stages that it does not need
        findings.push(needed.has(index) ? finding : { ...finding, severity: 'warning' });
      }
      if (findings.length >= maxFindings) {
        return findings;
      }
    }
  }
  return findings;
}

const emptyInstruction: ParsedInstruction = {
  text: '',
  firstLine: 1,
  lastLine: 1,
  keyword: '',
  rest: '',
  hasHereDocument: false,
};

interface InstructionContext extends LintOptions {
  readonly stages: readonly Stage[];
  /** The number of the instruction's stage. */
  readonly index: number;
  /** The names of the arguments before the first FROM. */
  readonly globalArgs: ReadonlySet<string | undefined>;
}

async function lintInstruction(instruction: ParsedInstruction, context: InstructionContext): Promise<Finding[]> {
  const { keyword, rest, firstLine: line } = instruction;
  const error = (message: string, fix: string): Finding => ({ severity: 'error', line, message, fix });
  if (!keywords.includes(keyword)) {
    const suggestion = keyword.length <= maxNameLength ? closest(keyword, keywords) : undefined;
    return [
      error(
        `${shorten(keyword)} is not an instruction.`,
        suggestion ? `Did you mean ${suggestion}?` : 'Check the line. A line that goes on ends with a \\.',
      ),
    ];
  }
  if (keyword === 'FROM') {
    return lintFrom(splitFlags(rest).words[0] ?? '', line, context);
  }
  if (keyword !== 'COPY' && keyword !== 'ADD') {
    return [];
  }
  const { flags, words } = splitFlags(rest);
  const from = flags.find((flag) => flag.startsWith('--from='))?.slice('--from='.length);
  const onlyKnownFlags = flags.every((flag) => /^--(from|chown|chmod|link|checksum|keep-git-dir)(=|$)/.test(flag));
  if (instruction.hasHereDocument || rest.includes('<<') || !onlyKnownFlags) {
    return [];
  }
  if (words.length < 2 && !/^\[|\$/.test(words[0] ?? '')) {
    return [error(`${keyword} needs a source and a destination.`, `Write ${keyword} SOURCE DESTINATION.`)];
  }
  return from === undefined ? await lintSources(instruction, words, context) : lintSourceStage(from, line, context);
}

function lintFrom(base: string, line: number, { stages, index, globalArgs }: InstructionContext): Finding[] {
  for (const { 0: variable, 1: braced, 2: name = braced ?? '', index: start } of base.matchAll(
    /\$(?:\{(\w+)\}|(\w+))/g,
  )) {
    const [before, after] = [base.slice(0, start), base.slice(start + variable.length)];
    // an empty part of a name is valid nowhere; a variable may also be a prefix or suffix that is meant to be empty
    const isPart = /(^|[/:@])$/.test(before) && /^($|[/:@])/.test(after);
    if (isPart && !globalArgs.has(name) && !predefinedArgs.test(name)) {
      const [effect, value] =
        variable === base ? ['FROM has no image', 'IMAGE'] : ['the image of FROM is not valid', 'VALUE'];
      return [
        {
          severity: 'error',
          line,
          message: `No ARG before the first FROM declares ${shorten(name)}, so ${effect}.`,
          fix: `Add a line above the first FROM: ARG ${shorten(name)}=${value}`,
        },
      ];
    }
  }
  return /^[\w-]+$/.test(base) ? misspelledStage(base, line, stages.slice(0, index)) : [];
}

function lintSourceStage(from: string, line: number, { stages, index }: InstructionContext): Finding[] {
  const earlier = stages.slice(0, index);
  if (/^\d+$/.test(from)) {
    return Number(from) < index || earlier.some(({ name }) => name === from)
      ? []
      : [
          {
            severity: 'error',
            line,
            message: `There is no stage ${shorten(from)} before this one.`,
            fix: 'Stages are counted from 0. Use the number or the name of an earlier stage.',
          },
        ];
  }
  return /^[\w-]+$/.test(from) ? misspelledStage(from, line, earlier) : [];
}

/** A name that is that of no stage may be that of an image. */
function misspelledStage(name: string, line: number, earlier: readonly Stage[]): Finding[] {
  const names = earlier.flatMap((stage) => stage.name ?? []);
  const known = names.slice(-maxComparedStages).filter((each) => each.length <= maxNameLength);
  const meant = names.includes(name) || name.length > maxNameLength ? undefined : closest(name, known);
  if (meant === undefined) {
    return [];
  }
  const isSameInOtherCase = meant.toLowerCase() === name.toLowerCase();
  // stages are often called like their images: alpine and alpine2
  const isOther = name.length < minMisspelledLength || meant.startsWith(name) || name.startsWith(meant);
  if (isOther && !isSameInOtherCase) {
    return [];
  }
  return [
    isSameInOtherCase
      ? {
          severity: 'warning',
          line,
          message: `The stage is called ${shorten(meant)}, and podman distinguishes upper and lower case.`,
          fix: `Write ${shorten(meant)}.`,
        }
      : {
          severity: 'warning',
          line,
          message: `There is no stage ${shorten(name)}, so it is taken for an image.`,
          fix: `Did you mean ${shorten(meant)}?`,
        },
  ];
}

async function lintSources(
  { keyword, firstLine: line, rest }: ParsedInstruction,
  words: readonly string[],
  { findSource }: InstructionContext,
): Promise<Finding[]> {
  const sources = rest.includes('[') ? jsonSources(words.join(' ')) : words.slice(0, -1);
  const findings: Finding[] = [];
  for (const source of sources) {
    // what has a meaning of its own to an engine: variables, wildcards, quotes, escapes, addresses
    if (!/^[^$*?[\]\\"'`:@]+$/.test(source) || (keyword === 'ADD' && source.endsWith('.git'))) {
      continue;
    }
    const state = await findSource(source);
    if (state.kind === 'missing') {
      findings.push({
        severity: 'error',
        line,
        message: `${shorten(source)} is not in the context.`,
        fix: 'Check the path. It starts at the project folder.',
      });
    } else if (state.kind === 'ignored') {
      const name = state.file.slice(state.file.lastIndexOf('/') + 1);
      findings.push({
        severity: 'error',
        line,
        message: `${shorten(source)} is excluded by line ${state.line} of ${name}: ${shorten(state.pattern)}`,
        fix: `Add a line after it: !${shorten(source.replace(/^(\.?\/)+/, ''))}`,
      });
    }
  }
  return findings;
}

/** The sources of `["a", "b", "/to"]`. None if it is no such list. */
function jsonSources(text: string): string[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter((each) => typeof each === 'string').slice(0, -1) : [];
  } catch {
    return [];
  }
}

function lintStageName(stages: readonly Stage[], index: number): Finding[] {
  const { name, instructions } = stages[index] ?? { name: undefined, instructions: [] };
  const isUsed = name !== undefined && stages.slice(0, index).some((stage) => stage.name === name);
  return isUsed
    ? [
        {
          severity: 'warning',
          line: instructions[0]?.firstLine ?? 1,
          message: `There is another stage ${shorten(name)} before this one.`,
          fix: 'Give each stage a name of its own.',
        },
      ]
    : [];
}

function splitStages(instructions: readonly ParsedInstruction[]): Stage[] {
  const starts = instructions.flatMap(({ keyword }, position) => (keyword === 'FROM' ? [position] : []));
  return starts.map((start, index) => ({
    name: stageName(instructions[start]?.rest ?? ''),
    instructions: instructions.slice(start, starts[index + 1]),
  }));
}

/** The numbers of the stages that the target is made of. Names that are not plain may name any stage. */
function neededStages(stages: readonly Stage[], target: string | undefined): ReadonlySet<number> {
  const find = (name: string, before: number): number[] => {
    const earlier = stages.slice(0, before);
    const named = earlier.findLastIndex((stage) => stage.name?.toLowerCase() === name.toLowerCase());
    return named >= 0 ? [named] : /^\d+$/.test(name) && Number(name) < before ? [Number(name)] : [];
  };
  const needed = new Set<number>();
  const rest = target === undefined ? [stages.length - 1] : find(target, stages.length);
  for (let index = rest.pop(); index !== undefined; index = rest.pop()) {
    if (needed.has(index)) {
      continue;
    }
    needed.add(index);
    for (const { keyword, rest: text } of stages[index]?.instructions ?? []) {
      const names =
        keyword === 'FROM'
          ? splitFlags(text).words.slice(0, 1)
          : [...text.matchAll(/--from=(\S+)|\bfrom=([^,\s]+)/g)].map(([, first, second]) => first ?? second ?? '');
      rest.push(...names.flatMap((name) => find(name, index)));
    }
  }
  return needed;
}

function shorten(text: string): string {
  return sanitizeLine(text, maxNameLength);
}
