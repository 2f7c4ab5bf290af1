/** `docs/reference/commands/`, made of the table of commands. */
import type { Argument, Command, Option } from 'commander';
import { exitCodes } from '../../../electron/terminal/commands/exit-codes.ts';
import { escaped } from '../markdown.ts';

/** What a command is, for pages in Markdown and for manual pages. */
export interface CommandFacts {
  /** `barnraiser connection add` */
  readonly path: string;
  readonly description: string;
  /** Without the path: `[options] <NAME> <URI>` */
  readonly usage: string;
  readonly arguments: readonly Fact[];
  readonly options: readonly Fact[];
  /** What the help says after the options, without the examples. */
  readonly more: string;
  /** Each begins with `barnraiser`. */
  readonly examples: readonly string[];
  readonly commands: readonly CommandFacts[];
  /** Other names: `ls`. */
  readonly aliases: readonly string[];
}

export interface Fact {
  readonly name: string;
  readonly text: string;
}

export function commandFacts(command: Command): CommandFacts {
  const path = pathOf(command);
  const { more, examples } = textAfterHelp(command);
  return {
    path,
    description: command.description(),
    usage: command.usage(),
    arguments: command.registeredArguments.map((each) => ({ name: argumentName(each), text: described(each) })),
    options: command.options
      .filter(({ hidden }) => !hidden)
      .map((option) => ({ name: option.flags, text: described(option) })),
    more,
    examples,
    commands: command.commands.map(commandFacts),
    aliases: command.aliases(),
  };
}

/** The page of a command, with its subcommands. */
export function commandPage(facts: CommandFacts, global: readonly Fact[]): string {
  return `${section(facts, '#')}\n## Options of all commands\n\n${factTable('option', global)}
[All commands](README.md) · [exit codes](../exit-codes.md) · [problems](../../problems/README.md)
`;
}

export function commandIndex(program: CommandFacts): string {
  const rows = program.commands.map(
    ({ path, description }) => `| [${last(path)}](${last(path)}.md) | ${escaped(description)} |\n`,
  );
  return `# Commands

\`barnraiser COMMAND --help\` says the same in a terminal, \`man barnraiser-COMMAND\` where the manual pages are installed. Options of all
commands may be anywhere on the command line. From a clone, \`npm run -s barnraiser --\` is \`barnraiser\`. Build options by engine are in
[OPTIONS.md](../../OPTIONS.md).

| command | what it does |
| --- | --- |
${rows.join('')}
## Options of all commands

${factTable('option', program.options)}
${examplesText(program.examples)}
Made by \`npx vitest run --project rules -u\` from the table of commands in \`electron/terminal/commands/\`.
`;
}

export function exitCodePage(): string {
  return `# Exit codes

Every command of Barnraiser ends with one of these codes.

| code | meaning |
| --- | --- |
${exitCodes.map(({ code, meaning }) => `| ${code} | ${escaped(meaning)} |\n`).join('')}
- A build with a push is successful only when its push is, too. Its image is in local storage when only the push fails.
- A build that lacks only optional platforms is successful.
- Of several names, such as \`connection test A B\`, all are tried. The code is 1 if one of them has failed.
- \`lint\` ends with 1 if it has found errors, with \`--strict\` also for warnings and notes.
- \`watch\` and \`schedule daemon\` run until they are interrupted.
- Why something has failed is on standard error, with \`--json\` as one line: \`{"problem":{"code":…,"message":…,"fix":…}}\`. Its code is
  explained by \`barnraiser explain CODE\`, and in [problems](../problems/README.md).

Made by \`npx vitest run --project rules -u\` from \`electron/terminal/commands/exit-codes.ts\`.
`;
}

function section(facts: CommandFacts, heading: string): string {
  const { path, description, usage, options, more, examples, commands, aliases } = facts;
  const isGroup = commands.length > 0 && facts.arguments.length === 0 && options.length === 0;
  return [
    `${heading} ${path}\n\n${escaped(capitalized(description))}.${aliasText(aliases)}\n`,
    isGroup ? '' : `\n    ${path} ${usage}\n`,
    facts.arguments.length > 0 ? `\n${factTable('argument', facts.arguments)}` : '',
    options.length > 0 ? `\n${factTable('option', options)}` : '',
    more === '' ? '' : `\n${indented(more)}\n`,
    examplesText(examples),
    ...commands.map((each) => `\n${section(each, `${heading.slice(0, 2)}#`)}`),
  ].join('');
}

const aliasText = (aliases: readonly string[]): string =>
  aliases.length === 0 ? '' : ` Also: ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`;

function examplesText(examples: readonly string[]): string {
  return examples.length === 0 ? '' : `\nExamples:\n\n${examples.map((line) => `    ${line}\n`).join('')}`;
}

function factTable(title: string, facts: readonly Fact[]): string {
  const rows = facts.map(({ name, text }) => `| \`${name.replaceAll('|', '\\|')}\` | ${escaped(text)} |\n`);
  return `| ${title} | meaning |\n| --- | --- |\n${rows.join('')}`;
}

function described(subject: Argument | Option): string {
  const { description, defaultValue, argChoices } = subject;
  const notes = [
    ...(argChoices ? [`choices: ${argChoices.join(', ')}`] : []),
    ...(defaultValue === undefined || typeof defaultValue === 'boolean' || Array.isArray(defaultValue)
      ? []
      : [`default: ${String(defaultValue)}`]),
  ];
  return `${description}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
}

function argumentName(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** What a command adds to its help. */
function textAfterHelp(command: Command): { readonly more: string; readonly examples: readonly string[] } {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  const after = text.slice(command.helpInformation().length).trim();
  const lines = after.split('\n');
  const at = lines.findIndex((line) => line.trim() === 'Examples:');
  const examples = at < 0 ? [] : lines.slice(at + 1).flatMap((line) => line.trim() || []);
  return { more: (at < 0 ? after : lines.slice(0, at).join('\n')).trimEnd(), examples };
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

const last = (path: string): string => path.split(' ').at(-1) ?? path;
const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const indented = (text: string): string => text.replace(/^(?=.)/gm, '    ');
