import { expect, test } from 'vitest';
import { nameSchema, parseDestination } from './connection.ts';

test.each([
  ['ssh://pi@pi4.local', { kind: 'ssh', user: 'pi', host: 'pi4.local' }],
  ['pi@pi4.local', { kind: 'ssh', user: 'pi', host: 'pi4.local' }],
  ['pi4', { kind: 'ssh', host: 'pi4' }],
  ['ssh://root@10.0.0.7:2222/', { kind: 'ssh', user: 'root', host: '10.0.0.7', port: 2222 }],
  [
    'ssh://core@host:22/run/user/1000/podman/podman.sock',
    { kind: 'ssh', user: 'core', host: 'host', port: 22, socketPath: '/run/user/1000/podman/podman.sock' },
  ],
  ['ssh://[fe80::1]:2200', { kind: 'ssh', host: 'fe80::1', port: 2200 }],
  ['ssh://na%40me@host', { kind: 'ssh', user: 'na@me', host: 'host' }],
  ['ssh://bücher', { kind: 'ssh', host: 'bücher' }],
  ['ssh://b%C3%BCcher:2200', { kind: 'ssh', host: 'bücher', port: 2200 }],
  ['kim@bücher.example', { kind: 'ssh', user: 'kim', host: 'bücher.example' }],
  ['ssh://my%2Dhost', { kind: 'ssh', host: 'my-host' }],
  ['ssh://[fe80::1%eth0]', { kind: 'ssh', host: 'fe80::1%eth0' }],
  [
    'ssh://root@[fe80::1%25eth0]:2200/a.sock',
    { kind: 'ssh', user: 'root', host: 'fe80::1%eth0', port: 2200, socketPath: '/a.sock' },
  ],
  ['root@[fe80::1%en-1.2]', { kind: 'ssh', user: 'root', host: 'fe80::1%en-1.2' }],
  ['ssh://host/a.sock?secure=True', { kind: 'ssh', host: 'host', socketPath: '/a.sock' }],
  ['unix:///run/podman/podman.sock', { kind: 'unix', socketPath: '/run/podman/podman.sock' }],
])('%s is parsed as a destination', (uri, destination) => {
  expect(parseDestination(uri)).toEqual(destination);
});

test.each([
  ['http://host/x', 'http'],
  ['tcp://host:2375', 'tcp'],
  ['unix://run/podman.sock', 'three slashes'],
  ['unix://', 'three slashes'],
  ['ssh://', 'host'],
  ['ssh://user:secret@host', 'password'],
  ['ssh://host/sock?x=1', '?x=1'],
  ['ssh://host:notaport', 'is not a valid URI'],
  ['', 'has no host'],
  ['ssh://host/%zz', 'is not a valid URI'],
  ['ssh://us%er@host', 'is not a valid URI'],
  ['ssh://host/a%00b', 'control character'],
  ['ssh://a%20b', 'not a valid name'],
  ['ssh://a%24(id)', 'not a valid name'],
  ['ssh://-oProxyCommand=x', 'not a valid name'],
  ['ssh://a%2Fb', 'not a valid name'],
  ['ssh://a%25b', 'not a valid name'],
  ['ssh://host%0a', 'control character'],
  ['ssh://host%ff', 'is not a valid URI'],
  ['ssh://host?secure=true&x=1', 'x=1'],
  ['ssh://ho\nst', '"ssh://host" contains a control character'],
])('%j is refused with a reason', (uri, reason) => {
  const destination = parseDestination(uri);
  expect(destination).toBeTypeOf('string');
  expect(destination).toContain(reason);
});

test.each([
  'ssh://me:secret@host',
  'me:secret@host',
  'tcp://me:secret@host:1',
  'ssh://me:sec/secret@host',
  'x://me:secret@ho st',
])('the message about %j does not contain its password', (uri) => {
  expect(parseDestination(uri)).toBeTypeOf('string');
  expect(parseDestination(uri)).not.toContain('secret');
});

test('names have letters, digits, dots, dashes and underscores only', () => {
  for (const name of ['pi4', 'big.example', 'a_b-c', '4']) {
    expect(nameSchema.safeParse(name).success, name).toBe(true);
  }
  for (const name of ['', '-a', '.a', 'a b', 'a/b', 'ä', 'a'.repeat(64)]) {
    expect(nameSchema.safeParse(name).success, name).toBe(false);
  }
});
