import { describe, expect, test } from 'vitest';
import {
  type BuildSecret,
  formatSecret,
  formatSsh,
  parseSecret,
  parseSsh,
  secretsSchema,
  sshSource,
  sshSourcesSchema,
} from './build-secrets.ts';
import { Failure } from './failure.ts';

const parse = (text: string, variables: readonly string[] = []): BuildSecret =>
  parseSecret(text, (name) => variables.includes(name));

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return error instanceof Error ? error.message : '';
  }
  return expect.fail('it was accepted');
}

describe('--secret', () => {
  const file = (path: string, id = 'a'): BuildSecret => ({ id, source: { kind: 'file', path } });
  const env = (name: string, id = 'a'): BuildSecret => ({ id, source: { kind: 'env', name } });

  test.each<[string, BuildSecret]>([
    ['id=a,src=token.txt', file('token.txt')],
    ['src=token.txt,id=a', file('token.txt')],
    ['type=file,id=a,source=/x/y', file('/x/y')],
    ['ID=a,SRC=B', file('B')],
    ['id=a,src=k=v', file('k=v')],
    ['id=a,"src=a,b"', file('a,b')],
    ['id=a,"src=say ""hi"""', file('say "hi"')],
    ['"id=a","src=b"', file('b')],
    ['id=a,env=TOKEN', env('TOKEN')],
    ['id=a,type=env', env('a')],
    ['type=env,id=a,src=TOKEN', env('TOKEN')],
    ['id=a,type=env,env=TOKEN', env('TOKEN')],
    ['id=a,type=prompt', { id: 'a', source: { kind: 'typed' } }],
    ['id=GIT_AUTH_TOKEN.github.com,env=T', env('T', 'GIT_AUTH_TOKEN.github.com')],
    ['id=team/token,src=t', file('t', 'team/token')],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
    expect(parse(formatSecret(expected))).toEqual(expected);
  });

  test('without a source is the variable of that name if there is one, else the file', () => {
    expect(parse('id=TOKEN', ['TOKEN'])).toEqual(env('TOKEN', 'TOKEN'));
    expect(parse('id=TOKEN')).toEqual(file('TOKEN', 'TOKEN'));
    expect(parse('id=TOKEN,type=file', ['TOKEN'])).toEqual(file('TOKEN', 'TOKEN'));
  });

  test.each([
    ['', '"" is none of its fields'],
    ['src=x', 'no id'],
    ['id=,src=x', 'no id'],
    ['token', '"token" is none of its fields'],
    ['id=a,', '"" is none of its fields'],
    ['id=a,=x', 'none of its fields'],
    ['id=a,target=/x', '"target=/x" is none of its fields'],
    ['id=a,src=', 'src is empty'],
    ['id=a,env=', 'env is empty'],
    ['id=a,src=x,env=Y', 'both a file and a variable'],
    ['id=a,type=file,env=Y', 'both a file and a variable'],
    ['id=a,type=env,src=x,env=Y', 'two variables'],
    ['id=a,type=prompt,src=x', 'no other source'],
    ['id=a,type=vault', '"vault" is not a type'],
    ['id=a,id=b', 'id twice'],
    ['id=a,src=x,source=y', 'src twice'],
    ['id=a,"src=x', 'quotes are not closed'],
    ['id=a,"src=x"y', 'quotes are not closed'],
    ['id=../../etc/passwd,src=x', 'a character that it cannot have'],
    ['id=/etc/passwd,src=x', 'a character that it cannot have'],
    ['id=a/,src=x', 'a character that it cannot have'],
    ['id=.,src=x', 'a character that it cannot have'],
    ['id=a b,src=x', 'a character that it cannot have'],
    [`id=${'x'.repeat(201)},src=x`, 'longer than 200'],
  ])('%s is refused', (text, message) => {
    expect(messageOf(() => parse(text))).toContain(message);
  });

  test('with an id twice is refused', () => {
    const result = secretsSchema.safeParse([file('x'), env('Y')]);
    expect(result.error?.issues[0]?.message).toBe('There are two of the secret a.');
  });
});

describe('--ssh', () => {
  const isSocket = (path: string): boolean => path.endsWith('.sock');
  const source = (text: string) => sshSource(parseSsh(text), isSocket);

  test.each([
    ['default', { id: 'default', source: { kind: 'agent' } }],
    ['', { id: 'default', source: { kind: 'agent' } }],
    ['default=', { id: 'default', source: { kind: 'agent' } }],
    ['=/a.sock', { id: 'default', source: { kind: 'agent', socket: '/a.sock' } }],
    ['github=/a.sock', { id: 'github', source: { kind: 'agent', socket: '/a.sock' } }],
    ['default=/k1,/k2', { id: 'default', source: { kind: 'keys', paths: ['/k1', '/k2'] } }],
    ['x=/k=1', { id: 'x', source: { kind: 'keys', paths: ['/k=1'] } }],
  ])('%s', (text, expected) => {
    expect(source(text)).toEqual(expected);
    const [checked] = sshSourcesSchema.parse([expected]);
    expect(checked && source(formatSsh(checked))).toEqual(expected);
  });

  test.each([
    ['default=/k1,,/k2', 'one of its paths is empty'],
    ['a b=/k1', 'a character that it cannot have'],
    ['default=/a.sock,/k1', 'names the socket /a.sock and something else'],
    ['default=/a.sock,/b.sock', 'names the socket /a.sock and something else'],
  ])('%s is refused', (text, message) => {
    expect(messageOf(() => source(text))).toContain(message);
  });

  test('with an id twice is refused', () => {
    const result = sshSourcesSchema.safeParse([source('default'), source('')]);
    expect(result.error?.issues[0]?.message).toBe('There are two of the SSH agent default.');
  });
});
