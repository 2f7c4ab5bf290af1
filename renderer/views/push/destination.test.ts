import { describe, expect, it } from 'vitest';
import type { PushRecord } from '../../../shared/push.ts';
import {
  checkDestination,
  isInsecure,
  recentDestinations,
  setInsecure,
  suggestDestination,
  toDigestReference,
} from './destination.ts';

const pushed = (reference: string, destination: string): PushRecord => ({
  reference,
  destination,
  digest: `sha256:${'1'.repeat(64)}`,
  at: '2026-01-01T00:00:00Z',
});

describe('the destination of a push', () => {
  it('is the reference itself if it has a registry', () => {
    expect(suggestDestination('reg.example.com/team/api:1.4', [])).toBe('reg.example.com/team/api:1.4');
    expect(suggestDestination('api:1.4', [])).toBe('');
  });

  it('is the last destination of its repository, with the new tag', () => {
    const history = [
      pushed('api:1.4', 'reg.example.com/team/api:stable'),
      pushed('api:1.3', 'old.example.com/api:1.3'),
      pushed('reg.example.com/web:1', 'localhost:5000/mirror/web:1'),
    ];
    expect(suggestDestination('api:1.5', history)).toBe('reg.example.com/team/api:1.5');
    expect(suggestDestination('web:1.5', history)).toBe('');
    expect(suggestDestination('reg.example.com/web:2', history)).toBe('localhost:5000/mirror/web:2');
  });

  it('can be in any namespace where other images were pushed', () => {
    const history = [
      pushed('web:1', 'reg.example.com/team/web:1'),
      pushed('db:1', 'localhost:5000/db:1'),
      pushed('cache:1', 'reg.example.com/team/cache:1'),
      ...['a', 'b', 'c'].map((name) => pushed('x:1', `${name}.example.com/x:1`)),
    ];
    expect(recentDestinations('tools/api:1.5', history)).toEqual([
      { namespace: 'reg.example.com/team', destination: 'reg.example.com/team/api:1.5' },
      { namespace: 'localhost:5000', destination: 'localhost:5000/api:1.5' },
      { namespace: 'a.example.com', destination: 'a.example.com/api:1.5' },
      { namespace: 'b.example.com', destination: 'b.example.com/api:1.5' },
    ]);
    expect(recentDestinations('not valid', history)).toEqual([]);
  });

  it('is validated', () => {
    expect(checkDestination('reg.example.com/api')).toMatchObject({
      kind: 'valid',
      text: 'reg.example.com/api:latest',
    });
    expect(checkDestination('localhost:5000/api:1')).toMatchObject({ kind: 'valid' });
    expect(checkDestination('api:1.4')).toEqual({
      kind: 'invalid',
      problem: 'The registry is missing. Enter its host first, for example registry.example.com/api:1.4.',
    });
    expect(checkDestination('reg.example.com/Team/api')).toMatchObject({ kind: 'invalid' });
  });

  it('can be referenced by digest', () => {
    expect(toDigestReference('reg.example.com:5000/api:1', 'sha256:abc')).toBe('reg.example.com:5000/api@sha256:abc');
  });

  it('allows insecure pushes per registry, and only until the window is closed', () => {
    setInsecure('localhost:5000/api:1', true);
    expect(isInsecure('localhost:5000/web:2')).toBe(true);
    expect(isInsecure('reg.example.com/web:2')).toBe(false);
    setInsecure('localhost:5000/api:1', false);
    expect(isInsecure('localhost:5000/web:2')).toBe(false);
  });
});
