import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { assertSpaceHere } from './space-here.ts';

const projectThatTook = (contextBytes: number) => ({ space: async () => ({ contextBytes, imageBytes: 0 }) });

test('a build does not start if its context would fill the disk here', async () => {
  const project = projectThatTook(2 ** 60);
  await expect(assertSpaceHere(tmpdir(), { project })).rejects.toMatchObject({
    problem: { code: 'disk.full', message: expect.stringContaining('this build needs at least 1153 PB') },
  });
  // it is packed already
  await assertSpaceHere(tmpdir(), { project, packing: { packedBytes: 2 ** 60 } });
  await assertSpaceHere(tmpdir(), { project: projectThatTook(1) });
});
