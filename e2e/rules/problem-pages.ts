/** The pages of `docs/problems/`, made of `shared/problems/` and of the messages in the source. */
import type { Command } from 'commander';
import { type ProblemCode, problemCodes } from '../../shared/failure.ts';
import type { ProblemFix } from '../../shared/problems/problem-text.ts';
import { problemTexts } from '../../shared/problems/texts.ts';
import { commandPath } from './command-lines.ts';
import { escaped } from './markdown.ts';
import type { ProblemMessages } from './problem-messages.ts';

export function indexPage(): string {
  const areas = [...new Set(problemCodes.map(areaOf))];
  const sections = areas.map((area) => {
    const rows = problemCodes
      .filter((code) => areaOf(code) === area)
      .map((code) => `| [${code}](${code}.md) | ${escaped(problemTexts[code].title)} |\n`);
    return `\n## ${area}\n\n| code | problem |\n| --- | --- |\n${rows.join('')}`;
  });
  return `# Problems

Every problem that Barnraiser reports has a code. \`barnraiser explain CODE\` prints its page without the internet, \`barnraiser explain WORDS\`
finds the page of a message, and in the window, *What does this mean?* shows it. Codes are stable; messages may change.
Words in capitals in commands are to be replaced. Made by \`npx vitest run --project rules -u\` from \`shared/problems/\`.
${sections.join('')}`;
}

export function problemPage(code: ProblemCode, messages: readonly ProblemMessages[], program: Command): string {
  const { title, meaning, causes, fixes } = problemTexts[code];
  return [
    `# ${code}: ${escaped(title)}\n\n${escaped(meaning)}\n`,
    `\n## Causes\n\nThe most likely first.\n\n${causes.map((cause) => `1. ${escaped(cause)}\n`).join('')}`,
    `\n## What to do\n\n${fixes.map(fixText).join('')}`,
    related(code, program),
    `\n## Messages\n\nValues are in braces. What a message says to do is below it.\n\n${messages.map(messageText).join('')}`,
    '\n[All problems](README.md)\n',
  ].join('');
}

function fixText({ text, terminal = [], window }: ProblemFix): string {
  const commands =
    terminal.length > 0 ? `\n   \`\`\`sh\n${terminal.map((line) => `   ${line}\n`).join('')}   \`\`\`\n` : '';
  const place = window === undefined ? '' : `\n   In the window: ${escaped(window)}.\n`;
  return `- ${escaped(text)}\n${commands}${place}`.replace(/^ {3}/gm, '  ');
}

function related(code: ProblemCode, program: Command): string {
  const { fixes, see = [], settings = [], docs = [] } = problemTexts[code];
  const paths = fixes.flatMap(({ terminal = [] }) => terminal.flatMap((line) => [commandPath(line, program) ?? []]));
  const commands = [...new Set(paths.filter((path) => path.length > 0).map((path) => path.join(' ')))];
  const lines = [
    [
      'Commands',
      commands.map(
        (path) => `[${path}](../reference/commands/${path.split(' ')[0]}.md#barnraiser-${path.replaceAll(' ', '-')})`,
      ),
    ],
    [
      'Settings',
      settings.map((name) => (/^[A-Z_]+$/.test(name) ? `[${name}](../reference/environment.md)` : `\`${name}\``)),
    ],
    ['Problems', see.map((other) => `[${other}](${other}.md)`)],
    ['Pages', docs.map((path) => `[${path}](../${path})`)],
  ] as const;
  const shown = lines.flatMap(([name, links]) => (links.length > 0 ? [`- ${name}: ${links.join(', ')}\n`] : []));
  return shown.length > 0 ? `\n## See also\n\n${shown.join('')}` : '';
}

function messageText({ messages, fixes }: ProblemMessages): string {
  return [...messages.map((text) => `- ${escaped(text)}\n`), ...fixes.map((text) => `  - ${escaped(text)}\n`)].join('');
}

const areaOf = (code: ProblemCode): string => code.replace(/\..*$/, '');
