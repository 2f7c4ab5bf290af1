import { expect, test } from 'vitest';
import { hostAddress, isAddress, ulimitOf } from './step-limits.ts';

test.each([
  ['db:192.0.2.7', { host: 'db', ip: '192.0.2.7' }],
  ['db=192.0.2.7', { host: 'db', ip: '192.0.2.7' }],
  ['six:2001:db8::7', { host: 'six', ip: '2001:db8::7' }],
  ['six=[::1]', { host: 'six', ip: '::1' }],
  ['db', undefined],
  ['db:host-gateway', undefined],
  ['db:192.0.2.700', undefined],
  ['a b:192.0.2.7', undefined],
])('the host and address in %s', (text, expected) => {
  expect(hostAddress(text)).toEqual(expected);
});

test.each([
  ['192.168.1.1', true],
  ['fe80::1', true],
  ['1.2.3', false],
  ['01.2.3.4', false],
  ['::1::2', false],
  ['1:2', false],
  ['example.com', false],
])('whether %s is an address', (text, expected) => {
  expect(isAddress(text)).toBe(expected);
});

test.each([
  ['nofile=1024', { name: 'nofile', soft: 1024, hard: 1024 }],
  ['nofile=1024:4096', { name: 'nofile', soft: 1024, hard: 4096 }],
  ['memlock=-1', { name: 'memlock', soft: -1, hard: -1 }],
  ['core=0:-1', { name: 'core', soft: 0, hard: -1 }],
  ['nofile=4096:1024', undefined],
  ['nofile=-1:1024', undefined],
  ['files=1', undefined],
  ['nofile', undefined],
])('the limit in %s', (text, expected) => {
  expect(ulimitOf(text)).toEqual(expected);
});
