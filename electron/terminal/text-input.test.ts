import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { fail } from '../../shared/problem.ts';
import { readTextInput } from './text-input.ts';

const readContainerfile = (frontEnd: ReturnType<typeof options>, from: string | number): Promise<string> =>
  readTextInput(frontEnd, {
    from,
    maxBytes: 1024 * 1024,
    failure: (detail) => fail('context.unreadable', 'It is larger than 1 MiB.', '', detail),
  });

function options(input: Readable = Readable.from([]), interrupted = new AbortController().signal) {
  return { options: { input, interrupted } };
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-input-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('a Containerfile is read from standard input to its end', async () => {
  expect(await readContainerfile(options(Readable.from(['FROM ', Buffer.from('ä')])), 0)).toBe('FROM ä');
});

test('a Containerfile is read from a pipe or a file that the shell has opened', async () => {
  const folder = await temporaryFolder();
  const [file, pipe] = [join(folder, 'file'), join(folder, 'pipe')];
  await writeFile(file, 'FROM a\n');
  expect(await readContainerfile(options(), openSync(file, 'r'))).toBe('FROM a\n');
  execFileSync('mkfifo', [pipe]);
  spawn('sh', ['-c', `cat '${file}' > '${pipe}'`]);
  expect(await readContainerfile(options(), openSync(pipe, 'r'))).toBe('FROM a\n');
});

test('one that is too large, or none, is refused', async () => {
  const chunk = Buffer.alloc(64 * 1024);
  const endless = Readable.from(
    (function* () {
      for (;;) {
        yield chunk;
      }
    })(),
  );
  await expect(readContainerfile(options(endless), 0)).rejects.toThrow('larger than 1 MiB');
  const folder = openSync(await temporaryFolder(), 'r');
  onTestFinished(() => closeSync(folder));
  for (const descriptor of [folder, 987_654]) {
    const problem = { problem: { code: 'context.unreadable' } };
    await expect(readContainerfile(options(), descriptor)).rejects.toMatchObject(problem);
  }
});

test('an interruption ends the wait', async () => {
  const interruption = new AbortController();
  const reading = readContainerfile(options(new Readable({ read: () => undefined }), interruption.signal), 0);
  interruption.abort(fail('call.cancelled', 'Cancelled.', ''));
  await expect(reading).rejects.toMatchObject({ problem: { code: 'call.cancelled' } });
});
