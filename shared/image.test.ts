import { expect, test } from 'vitest';
import { formatReference, isDigest, parseReference, referenceSchema } from './image.ts';

test.each([
  ['api', { repository: 'api', tag: 'latest' }],
  ['api:1.4', { repository: 'api', tag: '1.4' }],
  ['team/api:1.4', { repository: 'team/api', tag: '1.4' }],
  ['localhost/api', { registry: 'localhost', repository: 'api', tag: 'latest' }],
  ['localhost:5000/api:1', { registry: 'localhost:5000', repository: 'api', tag: '1' }],
  ['registry.example.com/team/api:1.4', { registry: 'registry.example.com', repository: 'team/api', tag: '1.4' }],
  ['[::1]:5000/api:1', { registry: '[::1]:5000', repository: 'api', tag: '1' }],
  ['docker.io/library/a__b-c.d:V_1', { registry: 'docker.io', repository: 'library/a__b-c.d', tag: 'V_1' }],
])('%s is a reference', (text, reference) => {
  expect(parseReference(text)).toEqual(reference);
  expect(parseReference(formatReference(reference))).toEqual(reference);
});

test.each([
  ['', 'not a valid image reference'],
  ['API:1', 'Use "api:1"'],
  ['api:', 'not a valid tag'],
  ['api:-1', 'not a valid tag'],
  [`api@sha256:${'0'.repeat(64)}`, 'digest'],
  ['-host.example/api', 'host'],
  ['a//b', 'not a valid image reference'],
  ['docker://host.example/api', 'not'],
])('%j is not a reference, and the message says why', (text, reason) => {
  const parsed = parseReference(text);
  expect(parsed).toBeTypeOf('string');
  expect(parsed).toContain(reason);
  expect(referenceSchema.safeParse(text).success).toBe(false);
});

test('a reference without a tag means latest', () => {
  expect(referenceSchema.parse('api')).toBe('api:latest');
});

test('a digest is sha256 and 64 lower-case hexadecimal digits', () => {
  expect(isDigest(`sha256:${'a'.repeat(64)}`)).toBe(true);
  expect(isDigest(`sha256:${'A'.repeat(64)}`)).toBe(false);
  expect(isDigest('sha256:abc')).toBe(false);
});
