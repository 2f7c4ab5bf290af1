import type { Copy } from '../../../shared/copy.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { Failure } from '../../../shared/problem.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { isTerminal } from '../output/paint.ts';
import { mergeNotes } from '../output/push-lines.ts';
import { forEachName } from './for-each-name.ts';
import { readCredentials } from './push.ts';

/** Moves the cursor to the start of the line and erases the line. */
const eraseLine = '\r\u001b[K';

/** Brings an image from a registry into local storage. */
export async function pullImage(
  frontEnd: TerminalFrontEnd,
  { request, credentials: given }: Extract<Command, { kind: 'pull' }>,
): Promise<number> {
  const credentials = await readCredentials(frontEnd, given);
  const copy = await followCopy(frontEnd, async () => {
    const { id } = await frontEnd.start('copies.pull', { ...request, credentials });
    return id;
  });
  if (!frontEnd.options.json && copy.status === 'done') {
    const platforms = copy.images.map(({ platform }) => platform).join(', ');
    frontEnd.print(`Pulled ${copy.destination} for ${platforms} (${copiedText(copy)}).`, copy.digest ?? '');
  }
  return copy.status === 'done' ? 0 : 130;
}

/** Copies an image to each destination, one after the other. */
export async function copyImages(
  frontEnd: TerminalFrontEnd,
  { request, destinations, ...given }: Extract<Command, { kind: 'copy' }>,
): Promise<number> {
  const sourceCredentials = await readCredentials(frontEnd, given.sourceCredentials);
  const credentials = await readCredentials(frontEnd, given.credentials);
  let isCancelled = false;
  const code = await forEachName(frontEnd, destinations, async (destination) => {
    const copy = await followCopy(frontEnd, async () => {
      const started = await frontEnd.start('copies.start', { ...request, destination, sourceCredentials, credentials });
      return started.id;
    });
    isCancelled ||= copy.status === 'cancelled';
    if (!frontEnd.options.json && copy.status === 'done') {
      frontEnd.print(`Copied to ${copy.destination} (${copiedText(copy)}).`, copy.digest ?? '');
      frontEnd.printNotes(...mergeNotes(copy), ...attachmentNotes(copy));
    }
  });
  return isCancelled ? 130 : code;
}

function attachmentNotes({ attachments = 0 }: Copy): string[] {
  return attachments > 0
    ? [`${formatCount(attachments, 'attachment')} of the registry, such as signatures, came with it.`]
    : [];
}

/** Shows the progress of a copy on a terminal until it has ended. @throws Failure if it has failed */
export async function followCopy(frontEnd: TerminalFrontEnd, start: () => Promise<string>): Promise<Copy> {
  const { json, errors } = frontEnd.options;
  const showProgress = !json && isTerminal(errors);
  const { copy } = await frontEnd.follow('copy.finished', {
    start,
    cancel: 'copies.cancel',
    onEvent: (event) => {
      if (json && (event.event === 'copy.progress' || event.event === 'copy.finished')) {
        frontEnd.printJson(event);
      }
      if (showProgress && event.event === 'copy.progress') {
        errors.write(`${eraseLine}${progressLine(event.copy)}`);
      }
    },
  });
  if (showProgress) {
    errors.write(eraseLine);
  }
  if (copy.problem && copy.status === 'failed') {
    throw new Failure(copy.problem);
  }
  if (copy.leftOut) {
    frontEnd.printNotes(`${copy.leftOut} entries of the list are not images and were left out.`);
  }
  return copy;
}

function progressLine(copy: Copy): string {
  const done = copy.copiedBytes + copy.skippedBytes;
  const images = copy.images.map(({ platform, totalBytes, doneBytes }) =>
    totalBytes > 0 ? `${platform} ${Math.floor((100 * doneBytes) / totalBytes)}%` : platform,
  );
  const share = `${formatBytes(done)} of ${formatBytes(copy.totalBytes)}`;
  return `${copy.destination}: ${copy.totalBytes === 0 ? 'reading the list' : share}${images.length > 1 && images.length < 5 ? ` (${images.join(', ')})` : ''}`;
}

/** How much was copied, and how much was there. */
export function copiedText({ copiedBytes, skippedBytes }: Copy): string {
  if (copiedBytes === 0 && skippedBytes > 0) {
    return `all ${formatBytes(skippedBytes)} were there`;
  }
  return skippedBytes > 0
    ? `${formatBytes(copiedBytes)}, ${formatBytes(skippedBytes)} were there`
    : formatBytes(copiedBytes);
}

/** Prints the tags of a repository. */
export async function listTags(
  frontEnd: TerminalFrontEnd,
  { request, credentials: given }: Extract<Command, { kind: 'tags' }>,
): Promise<number> {
  const credentials = await readCredentials(frontEnd, given);
  const { tags } = await frontEnd.showWait(
    'Reading the tags',
    frontEnd.call('registry.tags', { ...request, credentials }),
  );
  frontEnd.printResult({ tags }, () => (tags.length > 0 ? tags : ['The repository has no tags.']));
  return 0;
}
