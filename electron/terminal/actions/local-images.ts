import { formatBytes, formatCount } from '../../../shared/format.ts';
import type { LoadedImage, Verification, VerifiedImage } from '../../../shared/local-images.ts';
import { wordOf } from '../../../shared/words.ts';
import { shellWord } from '../../builds/equivalent/shell-word.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { shortDigest } from '../output/text.ts';
import { withStandardInput } from '../standard-input.ts';
import { forEachName } from './for-each-name.ts';
import { showTask } from './task-progress.ts';

export function tagImage(
  frontEnd: TerminalFrontEnd,
  { reference, names }: Extract<Command, { kind: 'tag' }>,
): Promise<number> {
  return forEachName(frontEnd, names, async (name) => {
    const { list, replaced } = await frontEnd.call('images.tag', { reference, name });
    frontEnd.printResult({ tagged: name, digest: list.digest, ...(replaced ? { replaced } : {}) }, () => [
      `${reference} is also ${name}.`,
      ...replacedLines(name, replaced?.digest),
    ]);
  });
}

export function untagImages(frontEnd: TerminalFrontEnd, references: readonly string[]): Promise<number> {
  return forEachName(frontEnd, references, async (reference) => {
    const { digest, isLast } = await frontEnd.call('images.untag', { reference });
    frontEnd.printResult({ untagged: reference, digest, isLast }, () => [
      `${reference} names no image any more.`,
      ...(isLast
        ? [
            'It was the only name of the image, which is kept for 7 days. To delete it at once, run barnraiser rm --cache.',
          ]
        : []),
    ]);
  });
}

function replacedLines(name: string, digest: string | undefined): string[] {
  return digest === undefined
    ? []
    : [`${name} was ${shortDigest(digest)} before, which is kept for 7 days without the name.`];
}

/** The exit code is 1 if something is damaged and was not repaired. */
export async function verifyImages(
  frontEnd: TerminalFrontEnd,
  { references, repair, tlsVerify }: Extract<Command, { kind: 'verify' }>,
): Promise<number> {
  const result = await showTask(frontEnd, 'Verifying', (task) =>
    frontEnd.call('images.verify', {
      ...(references.length > 0 ? { references: [...references] } : {}),
      ...{ repair, tlsVerify, task },
    }),
  );
  frontEnd.printResult(result, () => verificationLines(result, repair));
  for (const problem of result.images.flatMap(({ failures = [] }) => failures)) {
    frontEnd.reportProblem(problem);
  }
  const isWhole = result.images.every(({ problems }) =>
    problems.every(({ repairedFrom }) => repairedFrom !== undefined),
  );
  return isWhole ? 0 : 1;
}

function verificationLines({ images, blobs, bytes }: Verification, repair: boolean): string[] {
  const broken = images.filter(({ problems }) => problems.length > 0);
  const left = broken.filter(({ problems }) => problems.some(({ repairedFrom }) => repairedFrom === undefined));
  const named = images.filter(({ reference }) => reference !== undefined);
  return [
    ...broken.flatMap(brokenLines),
    `Verified ${formatCount(named.length, 'image')}: ${formatCount(blobs, 'blob')}, ${formatBytes(bytes)}. ${
      left.length > 0 ? formatCount(left.length, 'image is damaged.', 'images are damaged.') : 'All is whole.'
    }`,
    ...(left.length > 0 && !repair ? ['To repair what can be fetched again, run barnraiser verify --repair.'] : []),
    ...left.flatMap(({ reference, builtBy }) =>
      reference && builtBy
        ? [`To build ${reference} again, run barnraiser build -t ${reference} ${shellWord(builtBy.context)}`]
        : [],
    ),
  ];
}

function brokenLines({ reference, problems }: VerifiedImage): string[] {
  return [
    `${reference ?? 'Without a name'}:`,
    ...problems.map(
      ({ what, kind, digest, repairedFrom }) =>
        `  ${what} (${shortDigest(digest)}) ${
          repairedFrom === undefined ? `is ${wordOf(kind)}` : `was ${wordOf(kind)} and is repaired from ${repairedFrom}`
        }`,
    ),
  ];
}

export function loadImages(
  frontEnd: TerminalFrontEnd,
  { paths, reference }: Extract<Command, { kind: 'load' }>,
): Promise<number> {
  return withStandardInput(frontEnd, paths[0] ?? '', async (input) => {
    let count = 0;
    const code = await forEachName(frontEnd, input === undefined ? paths : [input], async (path) => {
      const loaded = await showTask(frontEnd, `Loading ${input === undefined ? path : 'standard input'}`, (task) =>
        frontEnd.call('images.load', { paths: [path], ...(reference === undefined ? {} : { reference }), task }),
      );
      count += loaded.length;
      for (const image of loaded) {
        frontEnd.printResult(image, () => loadedLines(image));
      }
    });
    return count === 0 ? 1 : code;
  });
}

function loadedLines({ list, replaced, compressed, notes }: LoadedImage): string[] {
  const { reference, entries, digest, missing = [] } = list;
  return [
    `Loaded ${reference} (${entries.map(({ platform }) => platform).join(', ')}), ${shortDigest(digest)}.`,
    ...(compressed.length > 0
      ? [`The layers for ${compressed.join(', ')} were compressed, so that their digests are not those of the archive.`]
      : []),
    ...(missing.length > 0 ? [`The archive has no image for ${missing.join(', ')}.`] : []),
    ...replacedLines(reference, replaced?.digest),
    ...notes,
  ];
}
