/** The flags of a build, from the table of options. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { automaticSchema } from '../../../shared/automatic-options.ts';
import {
  type BuildOption,
  buildOptions,
  defaultOf,
  isRequestOption,
  type OptionName,
  type OptionValues,
  optionRow,
} from '../../../shared/build-options.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { readOptionText } from '../../../shared/option-text.ts';
import type { OutputFiles } from '../command.ts';
import { parseFilesFor, parseMappedFolders, parseNamedContexts } from './context-options.ts';
import {
  invalidInput,
  outputParser,
  parseAutomaticArgs,
  parseAutomaticLabels,
  parsePullPolicy,
  pathParser,
} from './option-values.ts';
import { secretParser, sshParser } from './secret-options.ts';

export interface FlagContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. Relative paths on the command line start here. */
  readonly workingFolder: string;
}

// biome-ignore lint/suspicious/noExplicitAny: it is what the same parser returned before
type Parser = (text: string, previous: any) => unknown;

/** Options whose texts are not read as those of their kind. */
type Parsers = Readonly<Partial<Record<OptionName, Parser>>>;

function parsersFor({ workingFolder, env }: FlagContext): Parsers {
  return {
    file: (text, previous) => [...(Array.isArray(previous) ? previous : []), text],
    buildArgFiles: (text, previous) => ({
      ...(previous ?? {}),
      ...readBuildArgFile(pathParser(workingFolder)(text), env),
    }),
    pull: parsePullPolicy,
    contexts: (text, previous) => parseNamedContexts(text, previous as undefined, workingFolder),
    sources: (text, previous) => parseMappedFolders(text, previous as undefined, workingFolder),
    filesFor: (text, previous) => parseFilesFor(text, previous as undefined, workingFolder),
    outputs: outputParser(workingFolder),
    gitArgs: parseAutomaticArgs,
    gitLabels: parseAutomaticLabels,
    secrets: secretParser({ env, workingFolder }),
    ssh: sshParser({ env, workingFolder }),
  };
}

const maxArgFileLength = 1024 * 1024;

/** An option of the command for an option of the table, or for one choice of it. */
interface Flag {
  readonly name: OptionName;
  readonly option: Option;
  /** What the flag stands for if it is given without a value. */
  readonly value?: unknown;
}

/** All flags of the table, in its order. */
function flagsOf(context: FlagContext): Flag[] {
  const parsers = parsersFor(context);
  return (Object.keys(buildOptions) as OptionName[]).flatMap((name): Flag[] => {
    const row = optionRow(name);
    const choices = (row.choices ?? []).flatMap(({ flag, help = '', value }) =>
      flag === undefined ? [] : [{ name, option: new Option(flag, help), value }],
    );
    if (row.flag === undefined) {
      return choices;
    }
    const parse = parsers[name];
    const option = new Option(row.flag, helpOf(name, row));
    if (row.kind === 'switch' && !row.flag.includes('[')) {
      return [{ name, option, value: !row.isOn }, ...choices];
    }
    if (row.choices) {
      option.argChoices = row.choices.map(({ value }) => value);
    }
    option.argParser((text, previous: unknown) =>
      parse ? parse(text, previous) : readValue(name, row, text, previous, context),
    );
    return [{ name, option }, ...choices];
  });
}

function helpOf(name: OptionName, { help, choices }: BuildOption): string {
  return choices ? `${help} (default: ${defaultOf(name)})` : help;
}

function readValue(name: OptionName, row: BuildOption, text: string, previous: unknown, context: FlagContext): unknown {
  const flag = longFlag(row);
  const isRepeated = previous !== undefined && !['list', 'pairs'].includes(row.kind);
  if (isRepeated) {
    throw invalidInput(`${flag} is specified twice.`, 'Use it once.');
  }
  return isRequestOption(name)
    ? readOptionText(name, text, previous, {
        name: flag,
        environment: (key) => context.env[key],
      })
    : pathParser(context.workingFolder)(text);
}

/** `-f, --file <FILE>` → `--file` */
function longFlag({ flag = '' }: BuildOption): string {
  return /--[a-z-]+/.exec(flag)?.[0] ?? flag;
}

/** Adds the flags of the table to a command. */
export function withBuildOptions(command: Command, context: FlagContext): Command {
  for (const { name, option } of flagsOf(context)) {
    command.addOption(option.helpGroup(`${optionRow(name).group}:`));
  }
  return command;
}

/** The options that a command line has set. Those of choices exclude each other. */
export interface GivenOptions {
  readonly values: OptionValues;
  readonly automatic: Pick<CallInput<'builds.start'>, 'automatic'>;
  readonly files: readonly string[];
  readonly quiet: boolean;
  readonly outputFiles: OutputFiles;
}

/** @throws Failure `input.invalid` */
export function givenOptions(command: Command, context: FlagContext): GivenOptions {
  const given = new Map<OptionName, unknown>();
  const flags = new Map<OptionName, string>();
  for (const { name, option, value } of flagsOf(context)) {
    const key = option.attributeName();
    if (command.getOptionValueSource(key) !== 'cli') {
      continue;
    }
    const flag = option.long ?? option.flags;
    const other = flags.get(name);
    if (other !== undefined) {
      throw invalidInput(`${other} and ${flag} cannot be used together.`, 'Use only one of them.');
    }
    flags.set(name, flag);
    given.set(name, value === undefined ? command.getOptionValue(key) : value);
  }
  const values: OptionValues = Object.fromEntries(
    [...given].filter(([name]) => isRequestOption(name) && name !== 'file'),
  );
  const fromFiles = given.get('buildArgFiles');
  const buildArgs = typeof fromFiles === 'object' ? { buildArgs: { ...fromFiles, ...values.buildArgs } } : {};
  const text = (name: OptionName): string | undefined => {
    const value = given.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const files = given.get('file');
  const [iidfile, metadataFile, logfile] = [text('iidfile'), text('metadataFile'), text('logfile')];
  return {
    values: { ...values, ...buildArgs },
    automatic: automaticOptions(given.get('gitArgs'), given.get('gitLabels')),
    files: Array.isArray(files) ? files.map(String) : [],
    quiet: given.get('quiet') === true,
    outputFiles: {
      ...(iidfile === undefined ? {} : { iidfile }),
      ...(metadataFile === undefined ? {} : { metadataFile }),
      ...(logfile === undefined ? {} : { logfile }),
    },
  };
}

function automaticOptions(args: unknown, labels: unknown): GivenOptions['automatic'] {
  const chosen = { ...(args === undefined ? {} : { args }), ...(labels === undefined ? {} : { labels }) };
  return Object.keys(chosen).length === 0 ? {} : { automatic: automaticSchema.parse(chosen) };
}

/**
 * The build arguments in a file: KEY=VALUE or KEY in each line, as for --build-arg. Empty lines and lines that begin with # have no
 * meaning.
 * @throws Failure `input.invalid`
 */
function readBuildArgFile(path: string, env: FlagContext['env']): Record<string, string> {
  let args: unknown = {};
  for (const [index, line] of readSmallFile(path).split(/\r?\n/).entries()) {
    if (line.trim() !== '' && !line.startsWith('#')) {
      const name = `Line ${index + 1} of ${path}:`;
      args = readOptionText('buildArgs', line.trimStart(), args, { name, environment: (key) => env[key.trim()] });
    }
  }
  return args as Record<string, string>;
}

function readSmallFile(path: string): string {
  try {
    const content = readFileSync(path, 'utf8');
    if (content.length <= maxArgFileLength) {
      return content;
    }
  } catch (error) {
    throw invalidInput(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'Check the path.',
    );
  }
  throw invalidInput(`${path} is larger than 1 MiB.`, 'Use a file that has only build arguments.');
}

/** The flags whose value may be left out, for which the table says it: `--layers [BOOLEAN]`. */
export function flagsWithoutValue(): { readonly flag: string; readonly bare: string; readonly values: RegExp }[] {
  return Object.values<BuildOption>(buildOptions).flatMap((row) => {
    const { flag, bare, rule } = row;
    if (bare !== undefined && rule && 'pattern' in rule) {
      return { flag: longFlag(row), bare, values: rule.pattern };
    }
    return flag?.includes('[BOOLEAN]') ? { flag: longFlag(row), bare: 'true', values: /^(true|false)$/ } : [];
  });
}
