import { expect, it } from 'vitest';
import { isLink, routeOfLink } from './app-link.ts';

it('opens the view of a build', () => {
  expect(routeOfLink('barnraiser://build/20260301-101500-123abcd')).toBe('#/build/20260301-101500-123abcd');
  expect(routeOfLink('barnraiser://build/b1/')).toBe('#/build/b1');
});

it.each([
  'barnraiser://build/',
  'barnraiser://build/../settings',
  'barnraiser://build/b1?sheet=new-build&context=/etc',
  'barnraiser://build/b1#/settings',
  'barnraiser://build/b1%2F..%2Fb2',
  'barnraiser://build/-rf',
  'barnraiser://build/b1\n',
  'barnraiser://build/b1 --inspect',
  `barnraiser://build/${'b'.repeat(101)}`,
  'barnraiser://push/b1',
  'barnraiser://anna@build/b1',
  'barnraiser:build/b1',
  'https://build/b1',
  'app://barnraiser/#/settings',
  '',
])('opens nothing for %j', (link) => {
  expect(routeOfLink(link)).toBeUndefined();
});

it('recognizes every link of its scheme, so that none is taken for a path', () => {
  expect(['barnraiser://x', 'BARNRAISER:\\..\\x', 'barnraiser:'].map(isLink)).toEqual([true, true, true]);
  expect(['./barnraiser', '/home/anna/barnraiser', 'C:\\x'].map(isLink)).toEqual([false, false, false]);
});
