import { describe, expect, test } from 'vitest';
import { changedOptions, changeOptions, nameSchema, optionsOf, parseDestination } from './connection.ts';

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
  ['tcp://build.example:2376', { kind: 'tcp', host: 'build.example', port: 2376 }],
  ['tcp://10.0.0.7:1234/', { kind: 'tcp', host: '10.0.0.7', port: 1234 }],
  ['tcp://[2001:db8::1]:2376', { kind: 'tcp', host: '2001:db8::1', port: 2376 }],
  ['tcp://[fe80::1%25eth0]:2376', { kind: 'tcp', host: 'fe80::1%eth0', port: 2376 }],
  ['docker-container://buildkitd', { kind: 'container', engine: 'docker', container: 'buildkitd' }],
  [
    'docker-container://buildx_buildkit_multi0?context=big-arm',
    { kind: 'container', engine: 'docker', container: 'buildx_buildkit_multi0', context: 'big-arm' },
  ],
  [
    `docker-container://b?host=${encodeURIComponent('ssh://me@big:2222/run/docker.sock')}`,
    {
      kind: 'container',
      engine: 'docker',
      container: 'b',
      host: { kind: 'ssh', user: 'me', host: 'big', port: 2222, socketPath: '/run/docker.sock' },
    },
  ],
  [
    'docker-container://b?host=tcp://big:2376',
    { kind: 'container', engine: 'docker', container: 'b', host: { kind: 'tcp', host: 'big', port: 2376 } },
  ],
  [
    'podman-container://b?host=local:',
    { kind: 'container', engine: 'podman', container: 'b', host: { kind: 'local' } },
  ],
  ['kube-pod://buildkitd-0', { kind: 'pod', pod: 'buildkitd-0' }],
  [
    'kube-pod://buildkitd-0?namespace=ci&container=buildkitd&context=arn:aws:eks:eu:1:cluster%2Fci&kubeconfig=~/.kube/ci',
    {
      kind: 'pod',
      pod: 'buildkitd-0',
      namespace: 'ci',
      container: 'buildkitd',
      context: 'arn:aws:eks:eu:1:cluster/ci',
      kubeconfig: '~/.kube/ci',
    },
  ],
])('%s is parsed as a destination', (uri, destination) => {
  expect(parseDestination(uri)).toEqual(destination);
});

test.each([
  ['http://host/x', 'http'],
  ['tcp://host', 'no port'],
  ['tcp://host:0', 'no port'],
  ['tcp://:2375', 'not a valid URI'],
  ['tcp://me@host:2376', 'a user'],
  ['tcp://host:2376/run/docker.sock', 'more than a host and a port'],
  ['tcp://host:2376?tls=1', 'more than a host and a port'],
  ['tcp://ho$st:2376', 'not a valid name'],
  ['docker-container://', 'no valid container name'],
  ['docker-container://-x', 'no valid container name'],
  ['docker-container://a%20b', 'no valid container name'],
  ['docker-container://a:80', 'more than a name'],
  ['docker-container://a/b', 'more than a name'],
  ['docker-container://a?x=1', 'the option "x"'],
  ['docker-container://a?context=', 'no value for "context"'],
  ['docker-container://a?context=b&context=c', 'two values for "context"'],
  ['docker-container://a?context=b&host=ssh://c', 'both a context and a host'],
  ['docker-container://a?context=-b', 'not a valid name of a docker context'],
  ['docker-container://a?host=tcp://b', 'has no port'],
  ['docker-container://a?host=docker-container://b', 'a container or pod itself'],
  ['docker-container://a?host=%20kube-pod://b', 'a container or pod itself'],
  ['podman-container://a?context=b', 'the option "context"'],
  ['kube-pod://', 'no valid pod name'],
  ['kube-pod://Pod', 'no valid pod name'],
  ['kube-pod://-n', 'no valid pod name'],
  ['kube-pod://a?namespace=-x', 'namespace that is not a valid name'],
  ['kube-pod://a?container=x;y', 'container that is not a valid name'],
  ['kube-pod://a?kubeconfig=config', 'not an absolute path'],
  ['kube-pod://a?context=x%0ay', 'control character'],
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
  'docker-container://b?host=ssh://me:secret@host',
  `docker-container://b?host=${encodeURIComponent('ssh://me:secret@host')}`,
  `docker-container://b?host=${encodeURIComponent('ssh://me:secret@host')}&x=1`,
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

describe('any text', () => {
  /** A generator of 32-bit numbers, so that a failing text can be made again. Source: xorshift32. */
  function numbers(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
  }
  const parts = [
    ...[
      'ssh://',
      'unix://',
      'tcp://',
      'docker-container://',
      'podman-container://',
      'kube-pod://',
      'local:',
      'http://',
    ],
    ...[
      '?host=',
      '?context=',
      '&namespace=',
      '&kubeconfig=',
      'ssh%3A%2F%2F',
      '%',
      '%25',
      '%0a',
      '[',
      ']',
      '::1',
      '@',
      ':',
    ],
    ...['/', '?', '#', '=', '&', '\\', ' ', '\n', '\0', 'a', 'B-', '.', '~', '1', ':2376', '😀', 'secret', '-', '%E9'],
  ];

  test('is either a destination that means the same each time or a mistake in words', () => {
    const next = numbers(20_260_101);
    for (let round = 0; round < 4_000; round++) {
      const uri = Array.from({ length: 1 + next(9) }, () => parts[next(parts.length)]).join('');
      const destination = parseDestination(uri);
      expect(parseDestination(uri), uri).toEqual(destination);
      if (typeof destination === 'string') {
        expect(destination, uri).toMatch(/^[^\p{Cc}]{10,}$/u);
      } else {
        expect(JSON.stringify(destination), uri).not.toMatch(/[\p{Cc}]|""/u);
      }
    }
  });

  test('of any length is read in time that grows with its length', () => {
    for (const part of parts) {
      for (const before of ['', 'ssh://', 'tcp://[', 'docker-container://a?host=', 'kube-pod://', 'a:']) {
        // a quadratic parser would need minutes for these
        expect(parseDestination(before + part.repeat(100_000 / part.length))).toBeDefined();
      }
    }
  });
});

test('options that are empty are left out, and a change of options names those that differ', () => {
  const options = { identity: '', tlsCa: '/ca.pem', allowUnencrypted: false, platforms: [] };
  expect(optionsOf(options)).toEqual({ tlsCa: '/ca.pem' });
  const changed = changedOptions(
    { identity: '/id', tlsCa: '/ca.pem' },
    { tlsCa: '/other.pem', allowUnencrypted: true },
  );
  expect(changed).toEqual({ identity: '', tlsCa: '/other.pem', allowUnencrypted: true });
  expect(changeOptions({ identity: '/id', tlsCa: '/ca.pem' }, changed)).toEqual({
    tlsCa: '/other.pem',
    allowUnencrypted: true,
  });
});
