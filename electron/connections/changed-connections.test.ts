import { expect, test } from 'vitest';
import { changedConnections } from './changed-connections.ts';

const one = { name: 'one', uri: 'ssh://one', identity: '/key' };
const two = { name: 'two', uri: 'ssh://two' };

test('a renamed connection is distinguished from a changed and from a removed one', () => {
  const renamed = { ...one, name: 'uno' };
  expect(changedConnections([one, two], [renamed, two])).toEqual([{ kind: 'renamed', name: 'one', now: renamed }]);
  expect(changedConnections([one, two], [two])).toEqual([{ kind: 'removed', name: 'one' }]);
  const moved = { ...one, uri: 'ssh://other' };
  expect(changedConnections([one, two], [moved, two])).toEqual([{ kind: 'changed', name: 'one' }]);
  const otherKey = { ...one, identity: '/other' };
  expect(changedConnections([one], [otherKey])).toEqual([{ kind: 'changed', name: 'one' }]);
  expect(changedConnections([one], [{ ...otherKey, name: 'uno' }])).toEqual([{ kind: 'removed', name: 'one' }]);
});

test('a connection that was there before is not another one that was renamed', () => {
  const twin = { ...one, name: 'twin' };
  expect(changedConnections([one, twin], [twin])).toEqual([{ kind: 'removed', name: 'one' }]);
  const renamed = { ...one, name: 'uno' };
  expect(changedConnections([one, twin], [renamed])).toEqual([
    { kind: 'renamed', name: 'one', now: renamed },
    { kind: 'removed', name: 'twin' },
  ]);
});

test('new connections and a new order are no changes', () => {
  expect(changedConnections([one, two], [two, one, { name: 'three', uri: 'ssh://three' }])).toEqual([]);
});
