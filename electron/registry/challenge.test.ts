import { expect, test } from 'vitest';
import { parseChallenges } from './challenge.ts';

test('parses challenges with commas in quotes, escaped quotes and plain values', () => {
  expect(
    parseChallenges('Bearer realm="https://auth.test/token",service="a, b",scope="repository:x:pull,push",error=none'),
  ).toEqual([
    {
      scheme: 'bearer',
      parameters: {
        realm: 'https://auth.test/token',
        service: 'a, b',
        scope: 'repository:x:pull,push',
        error: 'none',
      },
    },
  ]);
  expect(parseChallenges('basic Realm="say \\"hello\\""')).toEqual([
    { scheme: 'basic', parameters: { realm: 'say "hello"' } },
  ]);
});

test('parses all challenges of one or several headers', () => {
  const schemes = (headers: string | string[]) => parseChallenges(headers).map(({ scheme }) => scheme);
  expect(schemes('Negotiate, Basic realm="a" , Bearer realm="b"')).toEqual(['negotiate', 'basic', 'bearer']);
  expect(schemes(['Basic realm="a"', 'Bearer realm="b"'])).toEqual(['basic', 'bearer']);
  expect(parseChallenges(undefined)).toEqual([]);
  expect(parseChallenges(',,"broken')).toEqual([{ scheme: 'broken', parameters: {} }]);
});
