import { expect, test } from 'vitest';
import type { Check, CheckStep } from '../../shared/check.ts';
import { fail } from '../../shared/problem.ts';
import { ladderLines, remedyLines } from './check-lines.ts';
import type { Paint } from './paint.ts';

const plain: Paint = (_style, text) => text;
const { problem } = fail('engine.no-socket', 'No socket.', 'Enable it.');
const failed: CheckStep = {
  stage: 'socket',
  state: 'failed',
  tookMs: 12.4,
  problem,
  fixes: [
    {
      label: 'Enable the socket',
      command: 'systemctl --user enable --now podman.socket',
      where: 'node',
      fix: 'enable-socket',
    },
    { label: 'Find the engine by itself', where: 'node', fix: 'find-engine' },
    { label: 'Try it with ssh', command: 'ssh pi4', where: 'here' },
  ],
};
const check: Check = {
  connection: 'pi4',
  startedAt: '2026-01-01T00:00:00.000Z',
  status: 'failed',
  tookMs: 1234,
  steps: [
    { stage: 'name', hop: 'edge', state: 'passed', tookMs: 0.5, said: '10.0.0.1', fixes: [] },
    { stage: 'name', state: 'passed', tookMs: 3, said: 'looked up\u001b[2J by edge', fixes: [] },
    failed,
    { stage: 'forwarding', state: 'warned', tookMs: 1, said: 'through a command', problem, fixes: [] },
    { stage: 'return', state: 'waiting', fixes: [] },
  ],
};

test('a ladder has a line a rung: its glyph, whose it is, its word, its time and what was found', () => {
  expect(ladderLines(check, plain)).toEqual([
    'pi4 failed 1234 ms',
    ' ✓ edge name         0.5 ms 10.0.0.1',
    ' ✓      name         3.0 ms looked up by edge',
    ' ✗      socket        12 ms',
    ' !      forwarding   1.0 ms through a command',
    ' ·      return',
  ]);
});

test('a way out is a command of ours where there is one, and one to type', () => {
  expect(remedyLines(check, failed, plain)).toEqual([
    '  → Enable the socket: `barnraiser connection fix pi4 enable-socket`, or `systemctl --user enable --now podman.socket` on the node',
    '  → Find the engine by itself: `barnraiser connection fix pi4 find-engine`',
    '  → Try it with ssh: `ssh pi4`',
  ]);
});
