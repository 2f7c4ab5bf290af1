import { once } from 'node:events';
import { fstatSync, writeSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fail } from '../../shared/failure.ts';
import { GrowingFile } from './growing-file.ts';
import { temporaryFolder } from './testing/project.ts';

/** Lengthens a file as a thread does. */
function append(file: GrowingFile, bytes: Buffer): void {
  const { size } = fstatSync(file.descriptor);
  writeSync(file.descriptor, bytes, 0, bytes.length, size);
  file.grow(size + bytes.length);
}

async function createFile(): Promise<GrowingFile> {
  const file = await GrowingFile.create(await temporaryFolder());
  onTestFinished(() => file.close());
  return file;
}

describe('a growing file', () => {
  it('can be read from its start before, while and after it grows', async () => {
    const file = await createFile();
    const early = buffer(file.open());
    append(file, Buffer.from('one '));
    const middle = buffer(file.open());
    append(file, Buffer.from('two '));
    file.finish();
    const late = buffer(file.open());
    expect((await Promise.all([early, middle, late])).map(String)).toEqual(['one two ', 'one two ', 'one two ']);
  });

  it('can be read to its present end while it grows', async () => {
    const file = await createFile();
    const reader = file.open();
    append(file, Buffer.from('first'));
    expect(String((await once(reader, 'data'))[0])).toBe('first');
    const next = once(reader, 'data');
    append(file, Buffer.from('second'));
    expect(String((await next)[0])).toBe('second');
  });

  it('can be read in part, without waiting for the rest', async () => {
    const file = await createFile();
    const part = buffer(file.open({ start: 4, end: 9 }));
    const none = buffer(file.open({ start: 4, end: 4 }));
    append(file, Buffer.from('one two t'));
    expect(String(await part)).toBe('two t');
    expect((await none).length).toBe(0);
    append(file, Buffer.from('hree'));
  });

  it('does not wait for a reader that does not read', async () => {
    const file = await createFile();
    file.open(); // never read
    const content = Buffer.alloc(5_000_000, 'x');
    const quick = buffer(file.open());
    append(file, content);
    file.finish();
    expect((await quick).equals(content)).toBe(true);
  });

  it('reports how many bytes each reader has read', async () => {
    const file = await createFile();
    let readBytes = 0;
    const read = buffer(
      file.open({
        onBytes: (bytes) => {
          readBytes += bytes;
        },
      }),
    );
    append(file, Buffer.alloc(1_500_000));
    file.finish();
    await read;
    expect(readBytes).toBe(1_500_000);
  });

  it('makes current and later readers fail with the same error', async () => {
    const file = await createFile();
    const failure = fail('context.changed', 'x became shorter.', 'Build again.');
    const waiting = expect(buffer(file.open())).rejects.toBe(failure);
    file.fail(failure);
    await waiting;
    await expect(buffer(file.open())).rejects.toBe(failure);
  });

  it('leaves no file behind', async () => {
    const folder = await temporaryFolder();
    const file = await GrowingFile.create(folder);
    append(file, Buffer.from('content'));
    expect(await readdir(folder)).toHaveLength(process.platform === 'win32' ? 1 : 0);
    await file.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it('makes unfinished readers fail when it is closed, and may be closed twice', async () => {
    const file = await createFile();
    const reading = expect(buffer(file.open())).rejects.toMatchObject({ problem: { code: 'build.cancelled' } });
    await Promise.all([file.close(), file.close()]);
    await reading;
  });
});
