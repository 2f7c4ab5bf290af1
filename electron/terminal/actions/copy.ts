import type { AppEvent } from '../../../shared/contract.ts';
import type { Copy } from '../../../shared/copy.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { Failure } from '../../../shared/problem.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { mergeNotes } from '../output/push-lines.ts';
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

/** Copies an image to each destination. @returns 1 if one has failed */
export async function copyImages(
  frontEnd: TerminalFrontEnd,
  { request, destinations, ...given }: Extract<Command, { kind: 'copy' }>,
): Promise<number> {
  const sourceCredentials = await readCredentials(frontEnd, given.sourceCredentials);
  const credentials = await readCredentials(frontEnd, given.credentials);
  let starting: Promise<Copy[]> | undefined;
  const startAll = (): Promise<Copy[]> => {
    const input = { ...request, destinations: [...destinations], sourceCredentials, credentials };
    starting ??= frontEnd.start('copies.start', input);
    return starting;
  };
  const progress = new CopyLine(frontEnd);
  // all listen before the first one is started
  const copies = await Promise.all(
    destinations.map((_, index) => follow(frontEnd, progress, async () => (await startAll())[index]?.id ?? '')),
  );
  progress.clear();
  const [only] = copies;
  if (copies.length === 1 && only?.problem && only.status === 'failed') {
    throw new Failure(only.problem);
  }
  for (const copy of copies) {
    printCopied(frontEnd, copy);
  }
  const failed = copies.filter(({ status }) => status === 'failed').length;
  if (failed > 0) {
    frontEnd.printNotes(`${failed} of ${formatCount(copies.length, 'destination')} failed.`);
    return 1;
  }
  return copies.every(({ status }) => status === 'done') ? 0 : 130;
}

function printCopied(frontEnd: TerminalFrontEnd, copy: Copy): void {
  if (copy.status === 'done') {
    if (!frontEnd.options.json) {
      frontEnd.print(`Copied to ${copy.destination} (${copiedText(copy)}).`, copy.digest ?? '');
    }
    frontEnd.printNotes(...mergeNotes(copy), ...attachmentNotes(copy), ...leftOutNotes(copy));
  } else if (copy.problem && copy.status === 'failed') {
    frontEnd.printNotes(`Not copied to ${copy.destination}:`);
    frontEnd.reportProblem(copy.problem);
  }
}

function leftOutNotes({ leftOut = 0 }: Copy): string[] {
  return leftOut > 0
    ? [`${formatCount(leftOut, 'entry', 'entries')} of the list are not images and were left out.`]
    : [];
}

function attachmentNotes({ attachments = 0 }: Copy): string[] {
  return attachments > 0
    ? [`${formatCount(attachments, 'attachment')} of the registry, such as signatures, came with it.`]
    : [];
}

/** Shows the progress of a copy on a terminal until it has ended. @throws Failure if it has failed */
export async function followCopy(frontEnd: TerminalFrontEnd, start: () => Promise<string>): Promise<Copy> {
  const progress = new CopyLine(frontEnd);
  const copy = await follow(frontEnd, progress, start);
  progress.clear();
  if (copy.problem && copy.status === 'failed') {
    throw new Failure(copy.problem);
  }
  frontEnd.printNotes(...leftOutNotes(copy));
  return copy;
}

async function follow(frontEnd: TerminalFrontEnd, progress: CopyLine, start: () => Promise<string>): Promise<Copy> {
  const { copy } = await frontEnd.follow('copy.finished', {
    start,
    cancel: 'copies.cancel',
    onEvent: (event) => {
      if (event.event === 'copy.progress' || event.event === 'copy.finished') {
        progress.show(event);
      }
    },
  });
  return copy;
}

/** The line of a terminal that shows running copies. With `--json`: their events. */
class CopyLine {
  readonly #frontEnd: TerminalFrontEnd;
  readonly #running = new Map<string, Copy>();

  constructor(frontEnd: TerminalFrontEnd) {
    this.#frontEnd = frontEnd;
  }

  show(event: Extract<AppEvent, { event: 'copy.progress' | 'copy.finished' }>): void {
    const { json, errors } = this.#frontEnd.options;
    this.#running.set(event.copy.id, event.copy);
    if (json) {
      this.#frontEnd.printJson(event);
    } else if (this.#frontEnd.draws(errors) && event.event === 'copy.progress') {
      errors.write(`${eraseLine}${progressLine([...this.#running.values()])}`);
    }
  }

  clear(): void {
    const { errors } = this.#frontEnd.options;
    if (this.#frontEnd.draws(errors)) {
      errors.write(eraseLine);
    }
  }
}

function progressLine(copies: readonly Copy[]): string {
  const [copy, ...others] = copies;
  if (!copy) {
    return '';
  }
  if (others.length > 0) {
    const sum = (bytesOf: (each: Copy) => number): number => copies.reduce((total, each) => total + bytesOf(each), 0);
    const done = sum(({ copiedBytes, skippedBytes }) => copiedBytes + skippedBytes);
    return `${formatCount(copies.length, 'destination')}: ${formatBytes(done)} of ${formatBytes(sum(({ totalBytes }) => totalBytes))}`;
  }
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
