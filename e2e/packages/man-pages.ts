/** Manual pages, made of the table of commands. */
import { exitCodes } from '../../electron/terminal/commands/exit-codes.ts';
import type { CommandFacts, Fact } from '../rules/reference/command-pages.ts';
import { variableGroups } from '../rules/reference/environment.ts';

export interface ManPage {
  /** `barnraiser-connection-add.1` */
  readonly name: string;
  readonly text: string;
}

/** For the footer of the pages. */
export interface Made {
  readonly version: string;
  /** `2026-01-31` */
  readonly date: string;
}

/** A page for the program, and one for each command with its subcommands. */
export function manPages(program: CommandFacts, made: Made): ManPage[] {
  return [
    { name: 'barnraiser.1', text: programPage(program, made) },
    ...program.commands.map((command) => ({
      name: `${dashed(command.path)}.1`,
      text: commandPage(command, program.options, made),
    })),
  ];
}

function programPage(program: CommandFacts, made: Made): string {
  const own = variableGroups[0]?.variables ?? [];
  return join(
    title('barnraiser', made),
    section('NAME', `barnraiser \\- ${roff(lower(program.description))}`),
    section('SYNOPSIS', `.B barnraiser\n${roff('COMMAND [ARGUMENT...] [OPTION...]')}`),
    section(
      'DESCRIPTION',
      roff(
        'Barnraiser builds one container image on many machines at once, each platform where it runs natively, over SSH, and gives one manifest list. It works with podman, docker and BuildKit, and installs nothing on the nodes.',
      ),
    ),
    section(
      'COMMANDS',
      program.commands.map(({ path, description }) => item(`${bold(dashed(path))}(1)`, description)).join('\n'),
    ),
    section('OPTIONS', items(program.options)),
    section('EXIT STATUS', exitStatus()),
    section('ENVIRONMENT', own.map(({ name, meaning }) => item(bold(name), meaning.replaceAll('`', ''))).join('\n')),
    section('EXAMPLES', examples(program.examples)),
    section(
      'SEE ALSO',
      program.commands.map(({ path }) => `.BR ${dashed(path).replaceAll('-', '\\-')} (1)`).join('\n'),
    ),
  );
}

function commandPage(command: CommandFacts, global: readonly Fact[], made: Made): string {
  const { path, description, commands } = command;
  return join(
    title(dashed(path), made),
    section('NAME', `${dashed(path).replaceAll('-', '\\-')} \\- ${roff(lower(description))}`),
    section('SYNOPSIS', leaves(command).map(synopsis).join('\n.br\n')),
    section(
      'DESCRIPTION',
      [roff(`${capitalized(description)}.`), ...(command.more === '' ? [] : ['.PP', verbatim(command.more)])].join(
        '\n',
      ),
    ),
    ...(command.arguments.length > 0 ? [section('ARGUMENTS', items(command.arguments))] : []),
    ...(command.options.length > 0 ? [section('OPTIONS', items(command.options))] : []),
    ...(commands.length > 0 ? [section('COMMANDS', commands.map(subcommand).join('\n'))] : []),
    section('OPTIONS OF ALL COMMANDS', items(global)),
    section('EXIT STATUS', exitStatus()),
    ...(command.examples.length > 0 ? [section('EXAMPLES', examples(command.examples))] : []),
    section('SEE ALSO', '.BR barnraiser (1)'),
  );
}

/** The commands that can be run, of a command and those below it. */
function leaves(command: CommandFacts): CommandFacts[] {
  const isGroup = command.commands.length > 0 && command.arguments.length === 0 && command.options.length === 0;
  return [...(isGroup ? [] : [command]), ...command.commands.flatMap(leaves)];
}

function synopsis({ path, usage }: CommandFacts): string {
  return `.B ${roff(path)}\n${roff(usage)}`;
}

function subcommand(command: CommandFacts): string {
  const { path, description, more, usage } = command;
  return [
    `.SS ${quoted(path)}`,
    roff(`${capitalized(description)}.`),
    '.PP',
    synopsis({ ...command, usage }),
    items([...command.arguments, ...command.options]),
    ...(more === '' ? [] : ['.PP', verbatim(more)]),
    ...(command.examples.length > 0 ? ['.PP', 'Examples:', examples(command.examples)] : []),
    ...command.commands.map(subcommand),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

const join = (...parts: readonly string[]): string => `${parts.join('\n')}\n`;

function title(name: string, made: Made): string {
  return `.\\" Made of the table of commands.\n.TH ${quoted(name.toUpperCase())} 1 "${made.date}" ${quoted(`Barnraiser ${made.version}`)} "Barnraiser"`;
}

const section = (name: string, text: string): string => `.SH ${quoted(name)}\n${text}`;
const items = (facts: readonly Fact[]): string => facts.map(({ name, text }) => item(bold(name), text)).join('\n');
/** @param tag already escaped */
const item = (tag: string, text: string): string => `.TP\n${tag}\n${roff(text)}`;
const bold = (text: string): string => `\\fB${roff(text)}\\fR`;
const exitStatus = (): string => exitCodes.map(({ code, meaning }) => item(bold(String(code)), meaning)).join('\n');
const examples = (lines: readonly string[]): string => verbatim(lines.join('\n'));
const verbatim = (text: string): string => `.nf\n.RS 4\n${text.split('\n').map(roff).join('\n')}\n.RE\n.fi`;

/** A text in which nothing is an instruction to roff, and dashes and quotation marks can be copied. */
export function roff(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('…', '...')
    .replaceAll('›', '>');
  // a dot at the start of a line is a request
  return escaped.replace(/^\./gm, '\\&.');
}

const quoted = (text: string): string => `"${roff(text).replaceAll('"', '\\(dq')}"`;
const dashed = (path: string): string => path.replaceAll(' ', '-');
const lower = (text: string): string =>
  (/^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text).replace(/\.$/, '');
const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
