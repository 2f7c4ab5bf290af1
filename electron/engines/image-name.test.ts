import { expect, test } from 'vitest';
import { isSameName, readImageName } from './image-name.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['alpine', 'docker.io/library/alpine:latest', true],
  ['team/api:1', 'docker.io/team/api:1', true],
  ['alpine', 'alpine:3', false],
  ['registry.example.com:5000/a/b', 'registry.example.com:5000/a/b:latest', true],
  ['registry.example.com/a', 'a', false],
  ['localhost/a:1', 'localhost/a:1', true],
  [`a:1@${digest}`, `docker.io/library/a@${digest}`, true],
])('%s and %s name the same image: %s', (one, other, isSame) => {
  const [first, second] = [readImageName(one), readImageName(other)];
  expect(first && second && isSameName(first, second)).toBe(isSame);
});

test.each(['', 'docker-archive:/tmp/x', 'A/B', 'a@sha256:1', 'a b'])('%j is no name that is known', (name) => {
  expect(readImageName(name)).toBeUndefined();
});
