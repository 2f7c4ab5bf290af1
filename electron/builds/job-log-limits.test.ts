import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobLog, readLog } from './job-log.ts';

const facts = { stream: 'stdout', time: 1 } as const;

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-log-'));
  path = join(folder, 'a.log');
});
afterEach(() => rm(folder, { recursive: true }));

test('a log ends at its limit with a note, and the tail goes on', async () => {
  const log = await JobLog.create(path, { maxBytes: 10, tailLength: 2 });
  const note = 'Further output is left out: the log has reached its limit of 10 B.';
  const added = ['one', 'two', 'three', 'four'].map((line) => log.append(line, facts));
  expect(added).toEqual([{ number: 0, line: 'one' }, { number: 1, line: 'two' }, { number: 2, line: note }, undefined]);
  expect([log.length, log.tail, log.tailFrom]).toEqual([3, ['three', 'four'], undefined]);
  await log.close();
  expect(await readFile(path, 'utf8')).toBe(`one\ntwo\n${note}\n`);
});

test.skipIf(!existsSync('/dev/full'))(
  'a full disk is reported once, and no line counts that is not there',
  async () => {
    await symlink('/dev/full', path);
    const log = await JobLog.create(path);
    log.append('one', facts);
    await expect
      .poll(() => log.append('next', facts)?.line)
      .toContain('The log cannot be written: There is no space left');
    expect(log.append('last', facts)).toBeUndefined();
    // the device has an endless content
    await rm(path);
    expect((await log.read(0, 10)).lines).toEqual([]);
    expect((await log.read(0, 10)).total).toBe((await readLog(path, 0, 10)).total);
    expect(log.tail).toContain('last');
    await log.close();
  },
);

test('a program that prints faster than the disk writes has to wait', async () => {
  const log = await JobLog.create(path);
  const line = 'x'.repeat(64 * 1024);
  while (!log.drained) {
    log.append(line, facts);
  }
  expect(log.length).toBeLessThan(70);
  await log.drained;
  expect(log.drained).toBeUndefined();
  await log.close();
});
