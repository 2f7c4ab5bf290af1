import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { formatMode } from '../../../shared/file-mode.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import type { ImageFile, ImageFiles } from '../../../shared/local-images.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { showTask } from './task-progress.ts';

type FilesCommand = Extract<Command, { kind: 'files' }>;

const pageSize = 5_000;

/** Lists files as `ls -l` does, or writes one of them. */
export async function listFiles(frontEnd: TerminalFrontEnd, { request, output }: FilesCommand): Promise<number> {
  if (output !== undefined) {
    return output === '-' ? printFile(frontEnd, request) : saveFile(frontEnd, request, output);
  }
  const { json } = frontEnd.options;
  let page = await showTask(frontEnd, `Reading the layers of ${request.reference}`, (task) =>
    frontEnd.call('images.files', { ...request, count: pageSize, task }),
  );
  const { formatTable } = await import('../output/columns.ts');
  const { total, notes } = page;
  for (;;) {
    if (json) {
      for (const file of page.files) {
        frontEnd.printJson(file);
      }
    } else {
      frontEnd.print(...fileLines(page, formatTable));
    }
    if (page.next === undefined) {
      break;
    }
    page = await frontEnd.call('images.files', { ...request, from: page.next, count: pageSize });
  }
  if (!json) {
    frontEnd.printNotes(`${formatCount(total.files, 'file')} in all, ${formatBytes(total.bytes)}.`, ...notes);
  }
  return 0;
}

function fileLines({ files }: ImageFiles, formatTable: typeof import('../output/columns.ts').formatTable): string[] {
  const rows = files.map((file) => [
    modeText(file),
    `${file.uid}:${file.gid}`,
    formatBytes(file.size),
    file.modifiedAt === undefined ? '' : file.modifiedAt.slice(0, 16).replace('T', ' '),
    String(file.layer),
    nameOf(file),
  ]);
  return rows.length === 0
    ? []
    : formatTable(
        [
          { title: 'MODE' },
          { title: 'OWNER' },
          { title: 'SIZE', align: 'right' },
          { title: 'MODIFIED' },
          { title: 'LAYER', align: 'right' },
          { title: 'PATH' },
        ],
        rows,
      );
}

function nameOf({ path, type, link, isRemoved }: ImageFile): string {
  if (isRemoved) {
    return `${path} (deleted)`;
  }
  return link === undefined
    ? `${path}${type === 'directory' ? '/' : ''}`
    : `${path} ${type === 'link' ? '=>' : '->'} ${link}`;
}

const typeLetters: Readonly<Record<ImageFile['type'], string>> = {
  file: '-',
  link: '-',
  directory: 'd',
  symlink: 'l',
  device: 'c',
  fifo: 'p',
};

function modeText({ type, mode, isRemoved }: ImageFile): string {
  return isRemoved ? '----------' : `${typeLetters[type]}${formatMode(mode)}`;
}

async function saveFile(
  frontEnd: TerminalFrontEnd,
  { reference, platform, layer, path }: FilesCommand['request'],
  destination: string,
): Promise<number> {
  const saved = await showTask(frontEnd, `Reading the layers of ${reference}`, (task) =>
    frontEnd.call('images.saveFile', { reference, platform, layer, path, destination, task }),
  );
  frontEnd.printResult(saved, () => [`Wrote ${saved.path} (${formatBytes(saved.bytes)}).`]);
  return 0;
}

/** The app may be another process, so the file goes through the disk. */
async function printFile(frontEnd: TerminalFrontEnd, request: FilesCommand['request']): Promise<number> {
  const { StagingArea } = await import('../../system/staging-area.ts');
  const { home } = await frontEnd.call('app.info', {});
  const area = await StagingArea.open(join(home, 'spool'));
  const path = join(area.folder, 'file');
  try {
    const { reference, platform, layer } = request;
    await showTask(frontEnd, `Reading the layers of ${reference}`, (task) =>
      frontEnd.call('images.saveFile', { reference, platform, layer, path: request.path, destination: path, task }),
    );
    await pipeline(createReadStream(path), frontEnd.options.output, {
      end: false,
      signal: frontEnd.options.interrupted,
    });
    return 0;
  } finally {
    await rm(path, { force: true });
    await area.close();
  }
}
