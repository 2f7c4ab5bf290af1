import { expect, it } from 'vitest';
import { parseNamedContext } from './named-context.ts';

const digest = `sha256:${'0'.repeat(64)}`;

it.each([
  ['/srv/libs', { kind: 'folder', source: '/srv/libs' }],
  ['list:/srv', { kind: 'folder', source: 'list:/srv' }],
  ['docker-image://alpine:3', { kind: 'image', reference: 'alpine:3' }],
  [`container-image://host:5000/a@${digest}`, { kind: 'image', reference: `host:5000/a@${digest}` }],
  ['https://host/a.git#main', { kind: 'git', source: 'https://host/a.git#main' }],
  ['git@host:a.git', { kind: 'git', source: 'git@host:a.git' }],
  ['https://host/a.tar', { kind: 'url', url: 'https://host/a.tar' }],
  ['oci-layout:///srv/a', { kind: 'layout', path: '/srv/a' }],
  ['oci-layout:///srv/a:1.0', { kind: 'layout', path: '/srv/a', image: '1.0' }],
  [`oci-layout:///srv/a@${digest}`, { kind: 'layout', path: '/srv/a', image: digest }],
  ['list:api:1', { kind: 'list', reference: 'api:1' }],
  ['build:20260102-150405-a1b2', { kind: 'build', id: '20260102-150405-a1b2' }],
])('the value %s is read', (value, expected) => {
  expect(parseNamedContext('base', value)).toEqual(expected);
});

it.each([
  ['a b', '/srv', /its name/],
  ['a', 'docker-image://', /names no image/],
  ['a', 'ftp://host/a', /no known kind/],
  ['a', 'https://kim:secret@host/a.tar', /its login would be kept/],
])('%s=%s is refused', (name, value, message) => {
  expect(() => parseNamedContext(name, value)).toThrow(message);
  expect(() => parseNamedContext(name, value)).not.toThrow(/secret/);
});
