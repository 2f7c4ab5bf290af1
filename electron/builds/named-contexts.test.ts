import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type OpenContextsOptions, openContexts } from './named-contexts.ts';

test('the index of a layout that is a pipe is not waited for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-layout-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  execFileSync('mkfifo', [join(folder, 'index.json')]);
  // nothing of it is needed for a layout
  const options = { signal: new AbortController().signal } as OpenContextsOptions;
  await expect(openContexts({ base: `oci-layout://${folder}` }, options)).rejects.toThrow('is not a file');
});
