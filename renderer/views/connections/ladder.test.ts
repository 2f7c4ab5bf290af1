import { describe, expect, it } from 'vitest';
import { fail, type ProblemCode } from '../../../shared/problem.ts';
import { ladderOf, obstacleOf } from './ladder.ts';

const down = (code: ProblemCode) => ({
  state: 'down' as const,
  connection: 'pi4',
  problem: fail(code, '', '').problem,
});
const said = (code: ProblemCode) => ladderOf('ssh', down(code)).map(({ state }) => state);

describe('the ladder of a check', () => {
  it('has nothing to say of a node that nobody has asked', () => {
    expect(ladderOf('ssh', undefined).map(({ word }) => word)).toEqual([
      'Host',
      'Host key',
      'Sign-in',
      'Socket',
      'Engine',
    ]);
    expect(obstacleOf('ssh', undefined)).toBeUndefined();
  });

  it('ticks what went well before the problem, and leaves open what comes after it', () => {
    expect(said('ssh.timeout')).toEqual(['failed', 'open', 'open', 'open', 'open']);
    expect(said('ssh.host-key-changed')).toEqual(['passed', 'failed', 'open', 'open', 'open']);
    expect(said('ssh.authentication')).toEqual(['passed', 'passed', 'failed', 'open', 'open']);
    expect(said('engine.no-socket')).toEqual(['passed', 'passed', 'passed', 'failed', 'open']);
    expect(said('engine.unsupported')).toEqual(['passed', 'passed', 'passed', 'passed', 'failed']);
  });

  it('claims nothing of the machine where a key could not even be read here', () => {
    expect(said('ssh.identity')).toEqual(['open', 'open', 'failed', 'open', 'open']);
  });

  it('is short for a socket on this computer', () => {
    expect(ladderOf('unix', down('engine.no-socket')).map(({ word }) => word)).toEqual(['Socket not open', 'Engine']);
  });

  it('names the obstacle for the list', () => {
    expect(obstacleOf('ssh', down('ssh.authentication'))).toBe('Not signed in');
  });
});
