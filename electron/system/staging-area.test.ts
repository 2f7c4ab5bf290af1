import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeStaleStagingAreas, StagingArea } from './staging-area.ts';

test('what dead processes and older versions left in a work folder is removed, and what is in use stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-work-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const live = await StagingArea.open(folder);
  await writeFile(join(live.folder, 'context-1.tar'), 'x');
  await mkdir(join(folder, '1-dead'));
  await writeFile(join(folder, '1-dead', 'heartbeat'), '999999999-0-0                    1\n');
  await writeFile(join(folder, '1-dead', 'context-2.tar'), 'secret');
  // versions before staging areas had such files in the folder itself
  await writeFile(join(folder, 'context-old.tar'), 'secret');
  await writeFile(join(folder, 'context-now.tar'), 'secret');
  for (const name of ['1-dead', '1-dead/heartbeat', 'context-old.tar']) {
    await utimes(join(folder, name), 1_000_000, 1_000_000);
  }
  await removeStaleStagingAreas(folder);
  const name = live.folder.slice(folder.length + 1);
  expect((await readdir(folder)).sort()).toEqual([name, 'context-now.tar'].sort());
  expect(await readdir(live.folder)).toContain('context-1.tar');
  await live.close();
  expect(await readdir(folder)).toEqual(['context-now.tar']);
});
