import { expect, test } from 'vitest';
import { commandTokens, expandCommand } from './proxy-command.ts';
import type { Destination } from './tokens.ts';

const destination: Destination = {
  host: 'pi4.lan',
  originalHost: 'pi4',
  user: 'kim',
  port: 2222,
  localUser: 'anna',
  home: '/home/anna',
};

function expanded(text: string, change: Partial<Destination> = {}): string {
  const tokens = commandTokens({ ...destination, ...change });
  return expandCommand({ text, tokens, passesDescriptor: false, file: '/config', line: 1 });
}

test.each([
  ['nc %h %p', {}, 'nc pi4.lan 2222'],
  ['ssh -W [%h]:%p %r@%n "100%%"', {}, 'ssh -W [pi4.lan]:2222 kim@pi4 "100%"'],
  // what was put in is not looked through again
  ['nc %%h %h', { host: 'fe80::1%eth0' }, 'nc %h fe80::1%eth0'],
  ['echo %k', {}, 'echo pi4'],
  ['echo %k', { hostKeyAlias: 'alias' }, 'echo alias'],
  // the shell's own
  [`nc $HOST $\{PORT} ~`, {}, `nc $HOST $\{PORT} ~`],
])('%s with %o is %s', (text, change, command) => {
  expect(expanded(text, change)).toBe(command);
});

test.each(['echo %d', 'echo %u', 'echo 100%', 'echo %C'])('%s has a token that means nothing there', (text) => {
  expect(() => expanded(text)).toThrow(/means nothing there/);
});

test.each([
  '$(id)',
  '`id`',
  'a;b',
  'a b',
  'a\nb',
  "a'b",
  'a"b',
  '-oProxyCommand=x',
  'a&b',
  'a|b',
  'a>b',
  '',
  'a*',
  'a\\b',
])('a user %j is put into no command, and none that the command does not name is in its way', (user) => {
  expect(() => expanded('nc %r@%h', { user })).toThrow(/a shell would make something else/);
  expect(expanded('nc %h %%r', { user })).toBe('nc pi4.lan %r');
});

test('a name is put in in any language', () => {
  expect(expanded('nc %h', { host: 'bücher.example' })).toBe('nc bücher.example');
});
