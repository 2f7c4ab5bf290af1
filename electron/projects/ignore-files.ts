import { realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { CallRequest } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import { findContainerfile, findContext, pathInside } from '../context/containerfile.ts';
import { loadIgnoreRules, rootIgnoreFiles } from '../context/ignore.ts';
import { assertSize, readProjectFile } from '../context/project-file.ts';
import { diskFailure } from '../system/file-errors.ts';

/**
 * Adds patterns to the ignore file that applies to a Containerfile, or removes them again. The rest of the file stays as it is,
 * byte by byte. A file that is empty then is removed.
 * @throws Failure `context.*`, `disk.full`, `settings.unwritable`
 */
export async function ignoreFiles({
  context: folder,
  file,
  patterns,
  undo,
}: CallRequest<'projects.ignore'>): Promise<{ path: string }> {
  const context = await findContext(folder);
  const containerfile = await findContainerfile(context, { file });
  const { file: path = join(context, rootIgnoreFiles[0]) } = await loadIgnoreRules(context, containerfile);
  const before = await readProjectFile(path, 'ignore-file');
  if (before) {
    await assertOwn(path, context, containerfile.isOutside);
  }
  const content = before ?? Buffer.alloc(0);
  const after = undo ? withoutLines(content, patterns) : withLines(content, patterns);
  assertSize(path, 'ignore-file', after.length);
  try {
    if (undo && after.length === 0) {
      await rm(path, { force: true });
    } else {
      // as readable for others as the files of the project
      await writeFileAtomic(path, after, before ? {} : { mode: (await stat(context)).mode & 0o666 });
    }
  } catch (error) {
    throw diskFailure(error, path);
  }
  return { path };
}

/** A project is not trusted: a link in it may lead to any file of this computer. */
async function assertOwn(path: string, context: string, isOutside: boolean): Promise<void> {
  const target = await realpath(path);
  if (target !== path && (isOutside || pathInside(context, target) === undefined)) {
    throw fail(
      'context.ignore-file',
      `${path} is a link to ${target}, which is not in the project.`,
      'Add the lines there yourself, or replace the link with a file.',
    );
  }
}

/** Lines are compared byte by byte, whatever their encoding. */
const encoding = 'latin1';

function toLine(pattern: string): string {
  return Buffer.from(pattern).toString(encoding);
}

function withLines(content: Buffer, patterns: readonly string[]): Buffer {
  const text = content.toString(encoding);
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = new Set(text.split(/\r?\n/));
  const added = [...new Set(patterns.map(toLine))].filter((line) => !lines.has(line));
  const gap = text === '' || text.endsWith('\n') ? '' : newline;
  return Buffer.from(`${text}${gap}${added.map((line) => `${line}${newline}`).join('')}`, encoding);
}

/** Removes the last line that is each of the patterns. */
function withoutLines(content: Buffer, patterns: readonly string[]): Buffer {
  const lines = content.toString(encoding).split('\n');
  for (const pattern of patterns.map(toLine)) {
    const index = lines.findLastIndex((line) => line.replace(/\r$/, '') === pattern);
    if (index >= 0) {
      lines.splice(index, 1);
    }
  }
  return Buffer.from(lines.join('\n'), encoding);
}
