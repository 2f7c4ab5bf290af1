import type { CallInput } from '../../../shared/contract.ts';
import type { EquivalentKind } from '../../../shared/equivalent.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { isTerminal } from '../output/paint.ts';
import { cleanLine } from '../output/text.ts';
import { newestBuild } from './history.ts';

const titles: Readonly<Record<EquivalentKind, string>> = {
  podman: 'podman build',
  'podman-farm': 'podman farm build',
  buildx: 'docker buildx build',
  github: 'GitHub Actions',
  gitlab: 'GitLab CI',
};

/**
 * Prints the same build with other tools. One of them goes to standard output alone, so that it can be saved to a file or piped
 * into a shell: its notes go to standard error.
 */
export async function printEquivalents(
  frontEnd: TerminalFrontEnd,
  input: CallInput<'builds.equivalents'>,
  tool: EquivalentKind | undefined,
): Promise<number> {
  const all = await frontEnd.showWait('Reading the build', frontEnd.call('builds.equivalents', input));
  const chosen = all.filter(({ kind }) => tool === undefined || kind === tool);
  if (tool !== undefined && !frontEnd.options.json && !isTerminal(frontEnd.options.output)) {
    frontEnd.printNotes(...chosen.flatMap(({ notes }) => notes.map((note) => cleanLine(note))));
    frontEnd.print(...chosen.flatMap(({ text }) => text.split('\n')));
    return 0;
  }
  frontEnd.printResult(chosen, () =>
    chosen.flatMap(({ kind, text, notes }, index) => [
      ...(index === 0 ? [] : ['']),
      ...(tool === undefined ? [`# ${titles[kind]}`] : []),
      ...notes.map((note) => cleanLine(`# ${note}`)),
      ...text.split('\n'),
    ]),
  );
  return 0;
}

/** Prints an earlier build with other tools. */
export async function printEquivalentsOf(
  frontEnd: TerminalFrontEnd,
  { build, tool }: Extract<Command, { kind: 'equivalent' }>,
): Promise<number> {
  return printEquivalents(frontEnd, { id: build ?? (await newestBuild(frontEnd)) }, tool);
}
