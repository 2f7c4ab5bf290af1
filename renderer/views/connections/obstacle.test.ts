import { describe, expect, it } from 'vitest';
import type { Check, CheckStep, Stage } from '../../../shared/check.ts';
import { fail, type ProblemCode } from '../../../shared/problem.ts';
import { obstacleOf } from './obstacle.ts';

const down = (code: ProblemCode) => ({
  state: 'down' as const,
  connection: 'pi4',
  problem: fail(code, '', '').problem,
});
const stopped = (stage: Stage, hop?: string): Check => {
  const rung: CheckStep = { stage, ...(hop === undefined ? {} : { hop }), state: 'failed', fixes: [] };
  return { connection: 'pi4', startedAt: '2026-03-01T10:00:00Z', status: 'failed', steps: [rung] };
};

describe('what stands in the way of a node', () => {
  it('is nothing where nobody has asked', () => {
    expect(obstacleOf(undefined, undefined)).toBeUndefined();
  });

  it('is what the last probe has failed at', () => {
    expect(obstacleOf(undefined, down('ssh.timeout'))).toBe('Host not reached');
    expect(obstacleOf(undefined, down('ssh.host-key-changed'))).toBe('Host key refused');
    expect(obstacleOf(undefined, down('ssh.authentication'))).toBe('Not signed in');
    expect(obstacleOf(undefined, down('engine.no-socket'))).toBe('Socket not open');
    expect(obstacleOf(undefined, down('engine.unsupported'))).toBe('Engine refused');
  });

  it('is known better where a check has stopped, also at a jump host', () => {
    expect(obstacleOf(stopped('name'), down('ssh.unreachable'))).toBe('Name not found');
    expect(obstacleOf(stopped('sign-in', 'bastion'), down('ssh.authentication'))).toBe('bastion: not signed in');
  });
});
