import { writeFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { formatCount } from '../../../shared/format.ts';
import { fail } from '../../../shared/problem.ts';
import { errnoCode } from '../../system/file-errors.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';

/** Writes all connections and farms to a file, or to standard output. */
export async function exportConnections(
  frontEnd: TerminalFrontEnd,
  { file, force }: Extract<Command, { kind: 'connection.export' }>,
): Promise<number> {
  const { text, connections, farms } = await frontEnd.call('connections.export', {});
  if (file === undefined) {
    if (frontEnd.options.json) {
      frontEnd.printJson(JSON.parse(text));
    } else {
      frontEnd.print(text.trimEnd());
    }
    return 0;
  }
  await writeExport(file, text, force);
  frontEnd.printResult({ file, connections, farms }, () => [
    `Exported ${formatCount(connections, 'connection')} and ${formatCount(farms, 'farm')} to ${file}.`,
  ]);
  return 0;
}

/** @throws Failure `input.invalid` if the file cannot be written, or exists and `force` is false */
async function writeExport(file: string, text: string, force: boolean): Promise<void> {
  try {
    // other users of this computer cannot read the names and addresses of the machines
    await (force ? writeFileAtomic(file, text, { mode: 0o600 }) : writeFile(file, text, { flag: 'wx', mode: 0o600 }));
  } catch (error) {
    if (errnoCode(error) === 'EEXIST') {
      throw fail('input.invalid', `${file} already exists.`, 'Choose another file, or replace it with `--force`.');
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw fail('input.invalid', `Could not write ${file}: ${reason}.`, 'Choose another file.');
  }
}
