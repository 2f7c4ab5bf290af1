import { isAbsolute, relative } from 'node:path';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { findingsOf, jsonReport, summaryOf, textLines } from '../output/lint-report.ts';
import { paintFor } from '../output/paint.ts';
import { withStandardInput } from '../standard-input.ts';
import { readTextInput } from '../text-input.ts';
import { containerfileInput } from './build.ts';

type LintCommand = Extract<Command, { kind: 'lint' }>;

/** Checks a Containerfile and prints what is wrong with it. @returns 1 if there are errors, or anything at all for `--strict` */
export async function lintContainerfile(
  frontEnd: TerminalFrontEnd,
  { request, containerfileFrom, format, isStrict }: LintCommand,
): Promise<number> {
  const { output, json } = frontEnd.options;
  const project = await withStandardInput(frontEnd, request.context, async (input) => {
    const containerfile =
      containerfileFrom === undefined
        ? undefined
        : await readTextInput(frontEnd, containerfileInput(containerfileFrom));
    return frontEnd.showWait(
      'Checking the Containerfile',
      frontEnd.call('projects.lint', { ...request, containerfile, input }),
    );
  });
  const found = findingsOf(project, containerfileFrom === undefined ? shownFolder(project.context) : '');
  if (format === 'sarif') {
    const { sarifReport } = await import('../output/lint-sarif.ts');
    output.write(`${JSON.stringify(sarifReport(found), null, 2)}\n`);
  } else if (format === 'json' || json) {
    output.write(`${JSON.stringify(jsonReport(found))}\n`);
  } else {
    output.write(
      textLines(found, paintFor(output))
        .map((line) => `${line}\n`)
        .join(''),
    );
    frontEnd.printNotes(summaryOf(found));
  }
  const { findings } = found;
  return findings.some(({ severity }) => severity === 'error') || (isStrict && findings.length > 0) ? 1 : 0;
}

/** A folder as people and tools who work in the current one name it. Nothing for what is elsewhere. */
function shownFolder(context: string): string {
  const path = relative(process.cwd(), context);
  return path.startsWith('..') || isAbsolute(path) ? '' : path;
}
