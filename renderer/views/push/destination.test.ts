import { beforeEach, describe, expect, it } from 'vitest';
import {
  checkDestination,
  pinned,
  proposedDestination,
  rememberDestination,
  rememberSecurity,
  wasInsecure,
} from './destination.ts';

beforeEach(() => localStorage.clear());

describe('where a reference is pushed to', () => {
  it('is where it names a registry itself', () => {
    expect(proposedDestination('reg.example.com/team/api:1.4')).toBe('reg.example.com/team/api:1.4');
    expect(proposedDestination('api:1.4')).toBe('');
  });

  it('is where its repository went last, with its own tag', () => {
    rememberDestination('api:1.4', 'reg.example.com/team/api:stable');
    expect(proposedDestination('api:1.5')).toBe('reg.example.com/team/api:1.5');
    expect(proposedDestination('web:1.5')).toBe('');
  });

  it('is proposed also where what was remembered cannot be read', () => {
    localStorage.setItem('push-destinations', '{broken');
    expect(proposedDestination('reg.example.com/api')).toBe('reg.example.com/api:latest');
  });

  it('is checked as it is typed', () => {
    expect(checkDestination('reg.example.com/api')).toMatchObject({ kind: 'good', text: 'reg.example.com/api:latest' });
    expect(checkDestination('localhost:5000/api:1')).toMatchObject({ kind: 'good' });
    expect(checkDestination('api:1.4')).toEqual({
      kind: 'wrong',
      problem: 'It names no registry. Begin with its host, as in registry.example.com/api:1.4.',
    });
    expect(checkDestination('reg.example.com/Team/api')).toMatchObject({ kind: 'wrong' });
  });

  it('can be named by digest', () => {
    expect(pinned('reg.example.com:5000/api:1', 'sha256:abc')).toBe('reg.example.com:5000/api@sha256:abc');
  });

  it('is trusted without TLS only until the window is closed, and only that registry', () => {
    rememberSecurity('localhost:5000/api:1', true);
    expect(wasInsecure('localhost:5000/web:2')).toBe(true);
    expect(wasInsecure('reg.example.com/web:2')).toBe(false);
    expect(localStorage.length).toBe(0);
    rememberSecurity('localhost:5000/api:1', false);
    expect(wasInsecure('localhost:5000/web:2')).toBe(false);
  });
});
