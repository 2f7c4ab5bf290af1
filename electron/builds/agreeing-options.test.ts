import { expect, test } from 'vitest';
import { type BuildRequest, buildRequestSchema } from '../../shared/build.ts';
import { assertOptionsAgree } from './agreeing-options.ts';

const request = (options: Partial<BuildRequest>): BuildRequest =>
  buildRequestSchema.parse({ context: '/p', reference: 'a:1', ...options });

test.each([
  [{ format: 'docker', annotations: { a: 'b' } }, "Docker's image format has no annotations."],
  [{ memorySwap: 10 }, 'The limit of memory and swap needs a memory limit.'],
  [{ memory: 20, memorySwap: 10 }, 'The limit of memory and swap is below the memory limit.'],
  [{ timestamp: 1, sourceDateEpoch: 1 }, 'The time of the image and the time of the sources cannot be used together.'],
  [{ rewriteTimestamp: true }, 'Files are not given the time of the sources, because that time is not known.'],
] as const)('%j is refused', (options, message) => {
  expect(() => assertOptionsAgree(request(options))).toThrow(
    expect.objectContaining({ problem: expect.objectContaining({ code: 'input.invalid', message }) }),
  );
});

test('options that agree pass', () => {
  assertOptionsAgree(request({ memory: 10, memorySwap: 20, sourceDateEpoch: 1, rewriteTimestamp: true }));
  assertOptionsAgree(request({ memory: 10, memorySwap: -1, annotations: { a: 'b' } }));
});
