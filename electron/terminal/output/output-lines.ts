import { formatBytes } from '../../../shared/format.ts';
import type { OutputState } from '../../../shared/output-state.ts';
import type { Paint } from './paint.ts';
import { cleanLine } from './text.ts';

/** How much of an output is done. */
export function outputShare({ output, doneBytes, totalBytes }: OutputState): string {
  return `${cleanLine(output)}: ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
}

/** What became of an output that has ended, with what is different from the image. */
export function outputLines({
  reference,
  status,
  path,
  images,
  totalBytes,
  notes = [],
  output,
}: OutputState): string[] {
  const size = `(${formatBytes(totalBytes)})`;
  if (status !== 'done') {
    return [];
  }
  const what = images
    ? `Loaded ${images.map(cleanLine).join(', ')} into ${engineOf(output)} ${size}.`
    : path === undefined
      ? `${reference} is in local storage.`
      : `Exported ${reference} to ${cleanLine(path)} ${size}.`;
  return [what, ...notes.map((note) => `  ${cleanLine(note)}`)];
}

function engineOf(output: string): string {
  const [kind, node = ''] = output.split(':');
  return kind === 'node'
    ? `node ${cleanLine(node)}`
    : kind === 'podman'
      ? 'podman'
      : kind === 'load'
        ? 'the engine of this computer'
        : 'docker';
}

/** The same of an output of a build, where it may have failed. */
export function buildOutputLines(state: OutputState, paint: Paint): string[] {
  const { output, problem, status } = state;
  if (status === 'done') {
    return outputLines(state);
  }
  const text = cleanLine(output);
  if (status === 'cancelled') {
    return [
      paint('yellow', `The output ${text} was cancelled.`),
      `Write it: barnraiser export ${state.reference} ${text}`,
    ];
  }
  return [
    `${paint('red', 'Could not write')} the output ${text}.`,
    ...[problem?.message, problem?.fix].flatMap((line) => (line ? [`  ${cleanLine(line)}`] : [])),
    `Write it again: barnraiser export ${state.reference} ${text}`,
  ];
}
