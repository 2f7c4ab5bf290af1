import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { fail } from '../../shared/problem.ts';
import type { BuildResult, EngineOutput, ImageDelivery, PushTarget } from '../engines/engine.ts';
import { deliveredImage } from './image-source.ts';

const target: PushTarget = { registry: '127.0.0.1:5', repository: 'r', tag: 't', tlsVerify: false };
const refused = fail('engine.refused', 'Refused.', 'Look at it.');
const line: EngineOutput = { kind: 'log', stream: 'engine', time: 0, text: 'building' };

/** A source whose attempts do what is given, one after the other. */
function sourceOf(
  ...attempts: ((delivery: ImageDelivery, report: (output: EngineOutput) => void) => Promise<BuildResult>)[]
) {
  const outputs: string[] = [];
  const withoutCache: boolean[] = [];
  const source = deliveredImage(
    async ({ delivery, noCache, report }) => {
      withoutCache.push(noCache);
      const attempt = attempts.shift() ?? expect.fail('one attempt too many');
      return attempt(delivery, report);
    },
    { noCache: true },
    (output) => outputs.push(output.kind),
  );
  return { source, outputs, withoutCache };
}

test('after a refused delivery, the image is built again from the cache and unseen', async () => {
  const { source, outputs, withoutCache } = sourceOf(
    async (_, report) => {
      report(line);
      report({ kind: 'delivering' });
      throw refused;
    },
    async (delivery, report) => {
      report(line);
      report({ kind: 'delivering' });
      if (delivery.kind === 'archive') {
        await delivery.receive(Readable.from(['the ', 'archive']));
      }
      return { imageId: 'sha256:c' };
    },
  );
  await expect(source.push(target)).rejects.toBe(refused);
  expect(await source.export(text)).toBe('the archive');
  expect(outputs).toEqual(['log', 'delivering']);
  expect(withoutCache).toEqual([true, false]);
});

test('after a delivery that was refused before the build, the build is seen and does without the cache as asked', async () => {
  const { source, outputs, withoutCache } = sourceOf(
    async () => {
      throw refused;
    },
    async (_, report) => {
      report(line);
      report({ kind: 'delivering' });
      return { imageId: 'sha256:c' };
    },
  );
  await expect(source.push(target)).rejects.toBe(refused);
  expect(await source.push(target)).toEqual({ imageId: 'sha256:c' });
  expect(outputs).toEqual(['log', 'delivering']);
  expect(withoutCache).toEqual([true, true]);
});
