import { expect, test } from 'vitest';
import { fail, type ProblemCode } from '../../shared/problem.ts';
import { type FailedPhase, failureClass, failureRow } from './failure-class.ts';

const failure = (code: ProblemCode) => fail(code, 'It failed.', 'Fix it.');

test.each<[ProblemCode, FailedPhase, string]>([
  ['ssh.lost', 'building', 'lost'],
  ['ssh.timeout', 'connect', 'lost'],
  ['tls.handshake', 'connect', 'lost'],
  ['engine.unreachable', 'building', 'lost'],
  ['engine.unreachable', 'transferring', 'lost'],
  ['engine.runtime', 'building', 'node'],
  ['engine.memory', 'building', 'node'],
  ['engine.answer', 'building', 'node'],
  ['engine.pull', 'building', 'node'],
  ['engine.unsupported', 'building', 'node'],
  ['build.no-image', 'building', 'node'],
  ['image.corrupt', 'transferring', 'node'],
  ['image.platform', 'transferring', 'node'],
  // an image that is a context is here
  ['image.corrupt', 'context', 'build'],
  // the key of the node, or that of an SSH agent of the build
  ['ssh.identity', 'connect', 'lost'],
  ['ssh.identity', 'context', 'build'],
  ['ssh.cancelled', 'context', 'build'],
  ['build.failed', 'building', 'build'],
  ['build.cancelled', 'building', 'build'],
  ['context.unreadable', 'context', 'build'],
  ['image.too-large', 'transferring', 'build'],
  ['settings.unwritable', 'transferring', 'build'],
  ['secret.missing', 'context', 'build'],
  ['bug', 'building', 'build'],
])('%s while %s', (code, phase, expected) => {
  expect(failureClass({ error: failure(code), phase })).toBe(expected);
});

test('a full disk of the node moves the job, but not one of this computer', () => {
  const full = failure('disk.full');
  expect(failureClass({ error: full, phase: 'transferring' })).toBe('build');
  expect(failureClass({ error: full.offering({ id: 'free-disk', node: 'one' }), phase: 'building' })).toBe('node');
});

test('programs for another platform come from the Containerfile, an image for another one from the node', () => {
  const mismatch = failure('image.platform').offering({ id: 'allow-platform-mismatch', platform: 'linux/arm64' });
  expect(failureClass({ error: mismatch, phase: 'transferring' })).toBe('build');
});

test('what is not a failure of a node does not count against it', () => {
  expect(failureRow({ error: failure('connection.removed'), phase: 'building' })).toMatchObject({ counts: 'never' });
  expect(failureRow({ error: failure('build.failed'), phase: 'building' }, true)).toMatchObject({ counts: 'never' });
  expect(failureRow({ error: failure('engine.refused'), phase: 'building' })).toMatchObject({ counts: 'proven' });
  expect(failureRow({ error: failure('ssh.lost'), phase: 'building' })?.counts).toBeUndefined();
  expect(failureRow({ error: new Error('a bug'), phase: 'building' })).toBeUndefined();
});
