import { join } from 'node:path';
import { formatBytes, formatList } from '../../../shared/format.ts';
import type { Digest } from '../../../shared/image.ts';
import { lackingPlatforms } from '../../../shared/lacking-platforms.ts';
import { isStandardOutput, outputOf } from '../../../shared/output.ts';
import type { OutputState } from '../../../shared/output-state.ts';
import { fail, problemOf } from '../../../shared/problem.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { outputLines, outputShare } from '../output/output-lines.ts';
import { isTerminal } from '../output/paint.ts';

/** Moves the cursor to the start of the line and erases the line. */
const eraseLine = '\r\u001b[K';

/** Writes outputs of a stored image, one after the other. Shows the progress on a terminal. */
export async function exportImage(
  frontEnd: TerminalFrontEnd,
  { reference, outputs, force, incomplete }: Extract<Command, { kind: 'export' }>,
): Promise<number> {
  if (!incomplete && outputs.some((output) => (outputOf(output).platforms ?? []).length === 0)) {
    await assertComplete(frontEnd, reference);
  }
  let code = 0;
  for (const output of outputs) {
    try {
      if (isStandardOutput(output)) {
        await printImage(frontEnd, reference, output);
        continue;
      }
      const state = await writeOutput(frontEnd, { reference, output, replaces: force });
      if (state.status === 'done') {
        frontEnd.printResult({ ...state, bytes: state.totalBytes }, () => outputLines(state));
      } else if (state.problem) {
        code = state.status === 'cancelled' ? 130 : 1;
        frontEnd.reportProblem(state.problem);
      }
    } catch (error) {
      frontEnd.options.interrupted.throwIfAborted();
      code = 1;
      frontEnd.reportProblem(problemOf(error));
    }
    if (frontEnd.options.interrupted.aborted) {
      return 130;
    }
  }
  return code;
}

/** @throws Failure `image.partial` if the list lacks platforms that are not optional */
async function assertComplete(frontEnd: TerminalFrontEnd, reference: string): Promise<void> {
  const list = (await frontEnd.call('images.list', {})).find((each) => each.reference === reference);
  const lacking = list ? lackingPlatforms(list) : [];
  if (lacking.length > 0) {
    throw fail(
      'image.partial',
      `${reference} is incomplete: it has no image for ${formatList(lacking)}.`,
      'Retry its build, choose platforms with --platform, or add --incomplete to export it all the same.',
    );
  }
}

async function writeOutput(
  frontEnd: TerminalFrontEnd,
  request: { readonly reference: string; readonly output: string; readonly replaces: boolean },
): Promise<OutputState> {
  const { json, errors } = frontEnd.options;
  const showsProgress = frontEnd.draws(errors);
  try {
    const { output } = await frontEnd.follow('output.changed', {
      start: async () => (await frontEnd.start('outputs.start', request)).id,
      cancel: 'outputs.cancel',
      isEnd: (event) => event.event === 'output.changed' && event.output.status !== 'running',
      onEvent: (event) => {
        if (event.event === 'output.changed' && event.output.status === 'running') {
          if (json) {
            frontEnd.printJson(event);
          } else if (showsProgress) {
            errors.write(`${eraseLine}${outputShare(event.output)}`);
          }
        }
      },
    });
    return output;
  } finally {
    if (showsProgress) {
      errors.write(eraseLine);
    }
  }
}

/** Writes an image to standard output, from the local storage of the data folder. */
export async function printImage(
  frontEnd: TerminalFrontEnd,
  reference: string,
  output: string,
  digest?: Digest,
): Promise<void> {
  const { errors, interrupted, content: target } = frontEnd.options;
  if (!target || isTerminal(target)) {
    throw fail(
      'image.destination',
      'An image is not written to a terminal.',
      'Send standard output to a file or a program: > api.tar, or | docker load.',
    );
  }
  const { home } = await frontEnd.call('app.info', {});
  const [{ ImageStore }, { exportStream }] = await Promise.all([
    import('../../images/image-store.ts'),
    import('../../images/export-list.ts'),
  ]);
  const store = await ImageStore.open(join(home, 'images'));
  const showsProgress = frontEnd.draws(errors);
  let total = 0;
  let done = 0;
  try {
    await exportStream(store, reference, outputOf(output), target, {
      signal: interrupted,
      digest,
      onTotal: (bytes) => {
        total = bytes;
      },
      onBytes: (count) => {
        done += count;
        if (showsProgress) {
          errors.write(`${eraseLine}${formatBytes(done)} of ${formatBytes(total)}`);
        }
      },
    });
  } finally {
    if (showsProgress) {
      errors.write(eraseLine);
    }
    await store.close();
  }
}
