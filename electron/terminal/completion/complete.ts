/** Completes command lines: what may follow the words up to the cursor, from the table of commands. */
import type { Argument, Command as CommanderCommand, Option } from 'commander';
import { choicesOf } from '../../../shared/build-options.ts';
import { fixIdSchema } from '../../../shared/check.ts';
import { discoverySourceSchema } from '../../../shared/discovery.ts';
import { problemCodes } from '../../../shared/failure.ts';
import { outputKindNames } from '../../../shared/output.ts';
import { commonPlatforms } from '../../../shared/platform.ts';

export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** What people have named, which is looked up when it is needed. */
export type NameKind = 'connections' | 'farms' | 'builds' | 'images' | 'schedules';
export type FindNames = (kind: NameKind) => Promise<readonly Candidate[]>;

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Paths that the shell completes. */
  readonly paths?: 'files' | 'folders';
}

/** What the values of arguments and options are, by the word in their usage. Of an `…S`, there may be several: `a,b`. */
const valuesByWord: Readonly<Record<string, NameKind | Completion['paths'] | readonly string[]>> = {
  CONNECTION: 'connections',
  CONNECTIONS: 'connections',
  FARM: 'farms',
  BUILD: 'builds',
  REF: 'images',
  SCHEDULE: 'schedules',
  PLATFORM: commonPlatforms,
  PLATFORMS: commonPlatforms,
  FIX: fixIdSchema.options,
  SOURCE: discoverySourceSchema.exclude(['file']).options,
  OUTPUT: outputKindNames.map((kind) => (kind === 'load' || kind === 'list' ? kind : `${kind}:`)),
  POLICY: choicesOf('pull'),
  CODE: problemCodes,
  BOOLEAN: ['true', 'false'],
  FILE: 'files',
  FOLDER: 'folders',
  CONTEXT: 'folders',
};

/** @param words those after the name of the program; the last one is being typed and may be empty */
export async function complete(
  program: CommanderCommand,
  words: readonly string[],
  findNames: FindNames,
): Promise<Completion> {
  const typed = words.at(-1) ?? '';
  const { command, operands, pending, hasOptions } = readWords(program, words.slice(0, -1));
  if (pending) {
    return completeValue(pending, typed, '', findNames);
  }
  const [, flag = '', value] = /^(--[^=]+)=(.*)$/s.exec(typed) ?? [];
  if (value !== undefined && hasOptions) {
    const option = findOption(command, flag);
    return option ? completeValue(option, value, `${flag}=`, findNames) : { candidates: [] };
  }
  if (typed.startsWith('-') && hasOptions) {
    return { candidates: matching(optionCandidates(command), typed) };
  }
  const { candidates: subcommands } =
    operands.length === 0 ? { candidates: subcommandCandidates(command) } : { candidates: [] };
  const argument =
    command.registeredArguments[operands.length] ??
    command.registeredArguments.filter(({ variadic }) => variadic).at(-1);
  const named: Completion = argument ? await completeValue(argument, typed, '', findNames) : { candidates: [] };
  const candidates = named.candidates.filter(({ value: name }) => !operands.includes(name));
  return { ...named, candidates: [...matching(subcommands, typed), ...candidates] };
}

/** The text that `__complete` prints. */
export function completionText({ candidates, paths }: Completion): string {
  const lines = candidates.map(({ value, description }) => (description ? `${value}\t${description}` : value));
  return [...lines, ...(paths ? [`:${paths}`] : [])].map((line) => `${line}\n`).join('');
}

interface ReadWords {
  readonly command: CommanderCommand;
  readonly operands: readonly string[];
  /** The option whose value follows. */
  readonly pending: Option | undefined;
  /** Whether options may follow: not after `--`. */
  readonly hasOptions: boolean;
}

function readWords(program: CommanderCommand, words: readonly string[]): ReadWords {
  let command = program;
  let operands: string[] = [];
  let pending: Option | undefined;
  let hasOptions = true;
  for (const word of words) {
    if (pending) {
      pending = undefined;
    } else if (hasOptions && word === '--') {
      hasOptions = false;
    } else if (hasOptions && word.startsWith('-') && word !== '-') {
      const option = findOption(command, word);
      pending = option?.required ? option : undefined;
    } else {
      const child =
        operands.length === 0
          ? command.commands.find((each) => each.name() === word || each.aliases().includes(word))
          : undefined;
      command = child ?? command;
      operands = child ? [] : [...operands, word];
    }
  }
  return { command, operands, pending, hasOptions };
}

/** The options of a command and of those above it. */
function optionsOf(command: CommanderCommand): readonly Option[] {
  return [...command.options, ...(command.parent ? optionsOf(command.parent) : [])];
}

function findOption(command: CommanderCommand, word: string): Option | undefined {
  return optionsOf(command).find(({ long, short }) => word === long || word === short);
}

function optionCandidates(command: CommanderCommand): Candidate[] {
  return [
    ...optionsOf(command)
      .filter(({ hidden, long }) => !hidden && (long !== '--version' || !command.parent))
      .flatMap(({ long, description }) => (long ? [{ value: long, description }] : [])),
    { value: '--help', description: 'show help' },
  ];
}

function subcommandCandidates(command: CommanderCommand): Candidate[] {
  return command.commands.map((child) => ({ value: child.name(), description: child.description() }));
}

/** @param prefix what the shell counts to the word although it is not a part of the value */
async function completeValue(
  subject: Argument | Option,
  typed: string,
  prefix: string,
  findNames: FindNames,
): Promise<Completion> {
  const word = 'flags' in subject ? (/[<[]([A-Z]+)/.exec(subject.flags)?.[1] ?? '') : subject.name();
  const values = subject.argChoices ?? valuesByWord[word];
  if (values === undefined) {
    return { candidates: [] };
  }
  if (values === 'files' || values === 'folders') {
    return { candidates: [], paths: values };
  }
  const names = typeof values === 'string' ? await findNames(values) : values.map((value) => ({ value }));
  const isList = /[A-Z]S$/.test(word);
  const before = isList ? typed.slice(0, typed.lastIndexOf(',') + 1) : '';
  const others = before.split(',');
  return {
    candidates: matching(
      names.filter(({ value }) => !others.includes(value)),
      typed.slice(before.length),
    ).map((name) => ({ ...name, value: `${prefix}${before}${name.value}` })),
  };
}

function matching(candidates: readonly Candidate[], typed: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(typed));
}
