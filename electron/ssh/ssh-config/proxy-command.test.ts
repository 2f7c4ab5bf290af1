import { expect, test } from 'vitest';
import { commandTokens, expandCommand } from './proxy-command.ts';
import type { TokenSource } from './tokens.ts';

const source: TokenSource = {
  host: 'pi4.lan',
  originalHost: 'pi4',
  user: 'kim',
  port: 2222,
  localUser: 'anna',
  home: '/home/anna',
};

function expanded(text: string, change: Partial<TokenSource> = {}): string {
  const tokens = commandTokens({ ...source, ...change });
  return expandCommand({ text, tokens, passesDescriptor: false, file: '/config', line: 1 });
}

test.each([
  ['nc %h %p', {}, 'nc pi4.lan 2222'],
  ['ssh -W [%h]:%p %r@%n "100%%"', {}, 'ssh -W [pi4.lan]:2222 kim@pi4 "100%"'],
  // an inserted value is not expanded again
  ['nc %%h %h', { host: 'fe80::1%eth0' }, 'nc %h fe80::1%eth0'],
  ['echo %k', {}, 'echo pi4'],
  ['echo %k', { hostKeyAlias: 'alias' }, 'echo alias'],
  // left to the shell
  [`nc $HOST $\{PORT} ~`, {}, `nc $HOST $\{PORT} ~`],
])('%s with %o expands to %s', (text, change, command) => {
  expect(expanded(text, change)).toBe(command);
});

test.each(['echo %d', 'echo %u', 'echo 100%', 'echo %C'])('%s contains an unknown token', (text) => {
  expect(() => expanded(text)).toThrow(/is not a token of ProxyCommand/);
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
])('a user %j is not inserted into a command, and does no harm to a command that does not use it', (user) => {
  expect(() => expanded('nc %r@%h', { user })).toThrow(/a shell would not read as a plain word/);
  expect(expanded('nc %h %%r', { user })).toBe('nc pi4.lan %r');
});

test('a name with letters of any language is inserted', () => {
  expect(expanded('nc %h', { host: 'bücher.example' })).toBe('nc bücher.example');
});
