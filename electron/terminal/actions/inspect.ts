import { formatAgo, formatBytes, formatCount } from '../../../shared/format.ts';
import type { HistoryStep, ImageDetails, LayerDetails } from '../../../shared/local-images.ts';
import { fail } from '../../../shared/problem.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { cut } from '../output/cut.ts';
import { shortDigest } from '../output/text.ts';
import { remarksOf } from './image.ts';

/** What of a step of the history is shown, in characters. */
const maxCommand = 90;

/** Prints a manifest list and its images; as JSON also the manifest list as it is stored and pushed. */
export async function inspectImage(
  frontEnd: TerminalFrontEnd,
  { reference, platform }: Extract<Command, { kind: 'inspect' }>,
): Promise<number> {
  const { list, manifest, images: all, freedBytes } = await frontEnd.call('images.inspect', { reference });
  const images = platform === undefined ? all : all.filter((image) => image.platform === platform);
  if (images.length === 0 && platform !== undefined) {
    throw fail(
      'image.platform',
      `${reference} has no image for ${platform}.`,
      `Choose one of: ${all.map((image) => image.platform).join(', ')}.`,
    );
  }
  const now = new Date();
  frontEnd.printResult({ ...list, manifest, images, freedBytes }, () => [
    list.reference,
    `Digest: ${list.digest}`,
    `Type: ${list.mediaType}`,
    `Created: ${formatAgo(new Date(list.createdAt), now)}`,
    `Deleting it frees: ${formatBytes(freedBytes)}`,
    ...remarksOf(list).map((remark) => `Remark: ${remark}`),
    '',
    ...formatTable(
      [
        { title: 'PLATFORM' },
        { title: 'SIZE', align: 'right' },
        { title: 'LAYERS', align: 'right' },
        { title: 'ATTACHED' },
        { title: 'DIGEST' },
      ],
      list.entries.map(({ platform: name, size, layers, attachments = [], digest }) => [
        name,
        formatBytes(size),
        String(layers.length),
        attachments.map(({ type }) => type).join(', '),
        digest,
      ]),
    ),
    ...images.flatMap((image) => ['', ...imageLines(image, now)]),
  ]);
  return 0;
}

function imageLines(image: ImageDetails, now: Date): string[] {
  const facts: readonly (readonly [string, string])[] = [
    ['Configuration', image.configDigest],
    ['Created', image.createdAt === undefined ? '' : formatAgo(new Date(image.createdAt), now)],
    ['Author', image.author ?? ''],
    ...settingLines(image),
  ];
  return [
    image.platform,
    ...facts.filter(([, value]) => value !== '').map(([name, value]) => `  ${name}: ${value}`),
    ...image.notes.map((note) => `  Remark: ${note}`),
    ...indent(historyTable(image.history, now)),
    ...indent(layerTable(image.layers)),
  ];
}

function settingLines({ settings }: ImageDetails): [string, string][] {
  const { entrypoint, cmd, shell, workingDir, user, stopSignal, env, labels, ports, volumes, onBuild, healthcheck } =
    settings;
  return [
    ['Entrypoint', entrypoint ? JSON.stringify(entrypoint) : ''],
    ['Command', cmd ? JSON.stringify(cmd) : ''],
    ['Shell', shell ? JSON.stringify(shell) : ''],
    ['Working directory', workingDir ?? ''],
    ['User', user ?? ''],
    ['Stop signal', stopSignal ?? ''],
    ['Ports', ports.join(', ')],
    ['Volumes', volumes.join(', ')],
    ['Health check', healthcheck ? healthText(healthcheck) : ''],
    ...env.map(({ name, value }): [string, string] => ['Variable', oneLine(`${name}=${value}`)]),
    ...labels.map(({ name, value }): [string, string] => ['Label', oneLine(`${name}=${value}`)]),
    ...onBuild.map((text): [string, string] => ['On build', oneLine(text)]),
  ];
}

function healthText({
  test,
  interval,
  timeout,
  startPeriod,
  startInterval,
  retries,
}: NonNullable<ImageDetails['settings']['healthcheck']>): string {
  const times = [
    [wordOf('interval'), interval],
    [wordOf('timeout'), timeout],
    ['start period', startPeriod],
    ['start interval', startInterval],
  ] as const;
  return [
    JSON.stringify(test),
    ...times.flatMap(([name, seconds]) => (seconds === undefined ? [] : [`${name} ${seconds} s`])),
    ...(retries === undefined ? [] : [formatCount(retries, 'retry', 'retries')]),
  ].join(', ');
}

function historyTable(steps: readonly HistoryStep[], now: Date): string[] {
  return steps.length === 0
    ? []
    : formatTable(
        [
          { title: 'LAYER', align: 'right' },
          { title: 'SIZE', align: 'right' },
          { title: 'CREATED' },
          { title: 'STEP' },
        ],
        steps.map(({ layer, size, createdAt, command, comment }) => [
          layer === undefined ? wordOf('none') : String(layer),
          size === undefined ? '' : formatBytes(size),
          createdAt === undefined ? '' : formatAgo(new Date(createdAt), now),
          cut(oneLine(command || comment || ''), maxCommand),
        ]),
      );
}

function layerTable(layers: readonly LayerDetails[]): string[] {
  return formatTable(
    [
      { title: 'LAYER', align: 'right' },
      { title: 'SIZE', align: 'right' },
      { title: 'UNCOMPRESSED', align: 'right' },
      { title: 'DIGEST' },
      { title: 'SHARED WITH' },
    ],
    layers.map(({ number, size, uncompressedSize, digest, sharedWith, sharedPlatforms }) => [
      String(number),
      formatBytes(size),
      uncompressedSize === undefined ? wordOf('unknown') : formatBytes(uncompressedSize),
      shortDigest(digest),
      [...sharedWith, ...sharedPlatforms].join(', '),
    ]),
  );
}

function indent(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines.map((line) => `  ${line}`)];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
