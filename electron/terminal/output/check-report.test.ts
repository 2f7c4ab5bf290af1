import { expect, test } from 'vitest';
import type { Check, CheckStep } from '../../../shared/check.ts';
import { fail } from '../../../shared/problem.ts';
import { fixLines, reportLines } from './check-report.ts';
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
    { label: 'Detect the engine automatically', where: 'node', fix: 'find-engine' },
    { label: 'Try it with ssh', command: 'ssh pi4', where: 'here' },
  ],
};
const check: Check = {
  connection: 'pi4',
  startedAt: '2026-01-01T00:00:00.000Z',
  status: 'failed',
  tookMs: 1234,
  steps: [
    { stage: 'name', hop: 'edge', state: 'passed', tookMs: 0.5, finding: '10.0.0.1', fixes: [] },
    { stage: 'name', state: 'passed', tookMs: 3, finding: 'resolved\u001b[2J by edge', fixes: [] },
    failed,
    { stage: 'forwarding', state: 'warned', tookMs: 1, finding: 'through a command', problem, fixes: [] },
    { stage: 'reverse-forwarding', state: 'waiting', fixes: [] },
  ],
};

test('the report has one line per step with its state, hop, stage, time and finding', () => {
  expect(reportLines(check, plain)).toEqual([
    'pi4 failed 1234 ms',
    ' ✓ edge name                 0.5 ms 10.0.0.1',
    ' ✓      name                 3.0 ms resolved by edge',
    ' ✗      socket                12 ms',
    ' !      forwarding           1.0 ms through a command',
    ' ·      reverse-forwarding',
  ]);
});

test('a fix shows the command of Barnraiser if there is one, and the command to type', () => {
  expect(fixLines(check, failed, plain)).toEqual([
    '  → Enable the socket: `barnraiser connection fix pi4 enable-socket`, or `systemctl --user enable --now podman.socket` on the node',
    '  → Detect the engine automatically: `barnraiser connection fix pi4 find-engine`',
    '  → Try it with ssh: `ssh pi4`',
  ]);
});
