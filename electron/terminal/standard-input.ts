import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fail } from '../../shared/problem.ts';
import { diskFailure } from '../system/file-errors.ts';
import type { TerminalFrontEnd } from './front-end.ts';

/**
 * Puts standard input into a private file, for the app may be another process. The file is removed at the end; if this process is
 * killed, by the next one.
 * @throws Failure `source.input`, `disk.full`; the abort reason of `interrupted`
 */
export async function withStandardInput<T>(
  frontEnd: TerminalFrontEnd,
  context: string,
  use: (path: string | undefined) => Promise<T>,
): Promise<T> {
  if (context !== '-') {
    return use(undefined);
  }
  const { input, interrupted } = frontEnd.options;
  if ('isTTY' in input && input.isTTY) {
    throw fail(
      'source.input',
      'The context - is read from standard input, and nothing is piped into the command.',
      'Pipe a tar or a Containerfile into it, or use a folder.',
    );
  }
  const { StagingArea } = await import('../system/staging-area.ts');
  const { home } = await frontEnd.call('app.info', {});
  const area = await StagingArea.open(join(home, 'spool'));
  try {
    const path = join(area.folder, 'standard-input');
    await frontEnd.showWait(
      'Reading standard input',
      pipeline(input, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal: interrupted }).catch(
        (error: unknown) => {
          interrupted.throwIfAborted();
          throw diskFailure(error, path);
        },
      ),
    );
    return await use(path);
  } finally {
    await area.close();
  }
}
