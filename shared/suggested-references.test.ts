import { describe, expect, it } from 'vitest';
import { firstReference, incrementTag, nextReference, suggestReferences } from './suggested-references.ts';

describe('the incremented tag', () => {
  it.each([
    ['1.4', '1.5'],
    ['1.9', '1.10'],
    ['v2.0.9', 'v2.0.10'],
    ['7', '8'],
    ['1.4-alpine', '1.5-alpine'],
    ['2.0-rc1', '2.0-rc2'],
    ['2.0.0-beta.9', '2.0.0-beta.10'],
    ['2026.03', '2026.04'],
  ])('of %s is %s', (tag, next) => {
    expect(incrementTag(tag)).toBe(next);
  });

  it.each(['latest', 'nightly', 'main', '7a9f03c', 'deadbeef'])('does not exist for %s', (tag) => {
    expect(incrementTag(tag)).toBeUndefined();
  });

  it('skips tags that were built already', () => {
    expect(nextReference('team/api:1.4', ['team/api:1.4', 'team/api:1.5'])).toBe('team/api:1.6');
  });
});

const past = (reference: string, status: 'done' | 'failed' | 'running' = 'done') => ({ reference, status });

describe('the suggested reference', () => {
  it('has the next tag after the last build', () => {
    const { first, others } = suggestReferences([past('r.example.com/api:1.4'), past('r.example.com/api:1.3')], 'api');
    expect(first).toBe('r.example.com/api:1.5');
    expect(others.map(({ reference }) => reference)).toEqual(['r.example.com/api:1.4', 'r.example.com/api:1.3']);
  });

  it('is the reference of a failed last build, with the next one as alternative', () => {
    const { first, others } = suggestReferences([past('api:1.4', 'failed')], 'api');
    expect(first).toBe('api:1.4');
    expect(others).toEqual([{ reference: 'api:1.5', isNext: true }]);
  });

  it('has the next tag while the last build is running', () => {
    expect(suggestReferences([past('api:1.4', 'running')], 'api').first).toBe('api:1.5');
  });

  it.each([
    ['My Service', 'my-service:0.1'],
    ['api', 'api:0.1'],
    ['Größe_2', 'gr-e-2:0.1'],
    ['---', 'project:0.1'],
  ])('for the first build of %s is %s', (name, reference) => {
    expect(firstReference(name)).toBe(reference);
  });
});
