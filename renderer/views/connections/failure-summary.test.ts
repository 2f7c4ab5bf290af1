import { describe, expect, it } from 'vitest';
import type { Check, CheckStep, Stage } from '../../../shared/check.ts';
import { fail, type ProblemCode } from '../../../shared/problem.ts';
import { failureSummary } from './failure-summary.ts';

const down = (code: ProblemCode) => ({
  state: 'down' as const,
  connection: 'pi4',
  problem: fail(code, '', '').problem,
});
const failedAt = (stage: Stage, hop?: string): Check => {
  const step: CheckStep = { stage, ...(hop === undefined ? {} : { hop }), state: 'failed', fixes: [] };
  return { connection: 'pi4', startedAt: '2026-03-01T10:00:00Z', status: 'failed', steps: [step] };
};

describe('the failure summary of a node', () => {
  it('is undefined before the first probe', () => {
    expect(failureSummary(undefined, undefined)).toBeUndefined();
  });

  it('names the problem of the last probe', () => {
    expect(failureSummary(undefined, down('ssh.timeout'))).toBe('Host unreachable');
    expect(failureSummary(undefined, down('ssh.host-key-changed'))).toBe('Host key rejected');
    expect(failureSummary(undefined, down('ssh.authentication'))).toBe('Sign-in failed');
    expect(failureSummary(undefined, down('engine.no-socket'))).toBe('Socket unavailable');
    expect(failureSummary(undefined, down('engine.unsupported'))).toBe('Engine error');
  });

  it('prefers the failed step of a check, also of a jump host', () => {
    expect(failureSummary(failedAt('name'), down('ssh.unreachable'))).toBe('Host name not found');
    expect(failureSummary(failedAt('sign-in', 'bastion'), down('ssh.authentication'))).toBe('bastion: sign-in failed');
  });
});
