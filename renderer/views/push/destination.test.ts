import { beforeEach, describe, expect, it } from 'vitest';
import {
  checkDestination,
  isInsecure,
  saveDestination,
  setInsecure,
  suggestDestination,
  toDigestReference,
} from './destination.ts';

beforeEach(() => localStorage.clear());

describe('the destination of a push', () => {
  it('is the reference itself if it has a registry', () => {
    expect(suggestDestination('reg.example.com/team/api:1.4')).toBe('reg.example.com/team/api:1.4');
    expect(suggestDestination('api:1.4')).toBe('');
  });

  it('is the last destination of its repository, with the new tag', () => {
    saveDestination('api:1.4', 'reg.example.com/team/api:stable');
    expect(suggestDestination('api:1.5')).toBe('reg.example.com/team/api:1.5');
    expect(suggestDestination('web:1.5')).toBe('');
  });

  it('is suggested even if the stored destinations are corrupt', () => {
    localStorage.setItem('push-destinations', '{broken');
    expect(suggestDestination('reg.example.com/api')).toBe('reg.example.com/api:latest');
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
    expect(localStorage.length).toBe(0);
    setInsecure('localhost:5000/api:1', false);
    expect(isInsecure('localhost:5000/web:2')).toBe(false);
  });
});
