import { expect, test } from 'vitest';
import { fail } from '../../shared/problem.ts';
import type { EngineOutput } from '../engines/engine.ts';
import { testBuild } from '../engines/testing/engine-build.ts';
import { repeatingPulls } from './repeated-pulls.ts';

const pullFailure = (detail: string) =>
  fail('engine.pull', 'Node pi4: cannot get the base image a/b: the node cannot reach the registry.', 'Check.', detail);
const unreachable = pullFailure('dial tcp 192.0.2.1:443: connect: connection refused');

function failing(failures: readonly unknown[], requested: { retry?: number; retryDelay?: number }) {
  const left = [...failures];
  const lines: string[] = [];
  const outputs: string[] = [];
  const builder = repeatingPulls(
    {
      build: (_build, onOutput) => {
        onOutput({ kind: 'context-read' });
        const failure = left.shift();
        return failure === undefined ? Promise.resolve({ imageId: 'id' }) : Promise.reject(failure);
      },
    },
    requested,
    (text) => lines.push(text),
  );
  const build = (signal = new AbortController().signal) =>
    builder.build(testBuild(), ({ kind }: EngineOutput) => void outputs.push(kind), signal);
  return { build, lines, outputs, left };
}

test('a build is repeated as often as was asked for, and what was sent counts once', async () => {
  const { build, lines, outputs } = failing([unreachable, pullFailure('status code 503')], { retry: 2, retryDelay: 0 });
  expect(await build()).toEqual({ imageId: 'id' });
  expect(lines).toEqual([
    `${unreachable.problem.message} Trying again in 0 s (attempt 2 of 3).`,
    `${unreachable.problem.message} Trying again in 0 s (attempt 3 of 3).`,
  ]);
  expect(outputs).toEqual(['context-read']);
});

test.each([
  ['without being asked', [unreachable], {}],
  ['once too often', [unreachable, unreachable], { retry: 1, retryDelay: 0 }],
  ['for an image that does not exist', [pullFailure('manifest unknown')], { retry: 3, retryDelay: 0 }],
  ['for a step that fails', [fail('build.failed', 'Node pi4: step 2 failed.', '', 'timeout')], { retry: 3 }],
])('no build is repeated %s', async (_, failures, requested) => {
  const { build, left } = failing(failures, requested);
  await expect(build()).rejects.toBe(failures.at(-1));
  expect(left).toEqual([]);
});

test('a build can be cancelled while it waits', async () => {
  const { build, lines } = failing([unreachable, unreachable], { retry: 1, retryDelay: 3600 });
  const controller = new AbortController();
  const building = build(controller.signal);
  await expect.poll(() => lines.length).toBe(1);
  const reason = new Error('cancelled');
  controller.abort(reason);
  await expect(building).rejects.toBe(reason);
});
