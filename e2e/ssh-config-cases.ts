/** Configurations of an SSH client, made by chance: patterns, Match, Include, tokens, quotes, precedence. */
import { userInfo } from 'node:os';
import { join } from 'node:path';

export interface ConfigCase {
  /** The files by name; the first is the one to read. */
  readonly files: Readonly<Record<string, string>>;
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

const hosts = ['pi4', 'pi5', 'pi.lan', 'build-1.example.com', 'BIG', 'big', 'a', '10.0.0.7', '::1', 'x_y'];
const patterns = [
  '*',
  'pi*',
  'pi?',
  '*.lan',
  '!pi4',
  'pi4',
  'big',
  '*.example.com',
  'build-?.*',
  '10.0.*',
  'a*a',
  '?',
  '!*.lan',
  '::*',
];
const names = ['%h.lan', '%h', 'pi.lan', '10.0.0.9', 'Big.Example.com', '100%%', 'x%%%h', 'big', 'pi5'];
const users = ['kim', 'pi', 'root', 'Kim', 'a-b', 'u%r'];
const paths = [
  '~/.ssh/id_x',
  '/k/%h-%p',
  '~/.ssh/%r@%n',
  '/k/%%',
  '/k/%u-%i-%L-%l-%d',
  '/k/a b',
  'relative/%k',
  `/k/\${HOME}`,
  '/k/%C',
];
const jumps = [
  'bastion',
  'kim@bastion',
  'bastion:2222',
  'kim@bastion:2222',
  'one,two',
  'one,kim@two:22,three',
  '[::1]:22',
  'u@[fe80::1]',
  'ssh://kim@bastion:2222',
  'ssh://bastion',
  '10.0.0.1',
  'one,10.0.0.1:23',
  'ssh://u@h.example.com:5',
];
const times = ['5', '1m30', '2h', '90s', '1M', 'none'];

/** Numbers by chance that are the same for the same seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param folder where the files will be, for those that Include names by their whole path. */
export function makeCases(seed: number, count: number, folder: string): ConfigCase[] {
  const next = chance(seed);
  const upTo = (limit: number) => Math.floor(next() * limit);
  const maybe = (probability: number) => next() < probability;
  const pick = <T>(from: readonly [T, ...T[]] | readonly T[]): T => {
    const picked = from[upTo(from.length)];
    if (picked === undefined) {
      throw new Error('nothing to pick from');
    }
    return picked;
  };
  const some = (from: readonly string[], most: number) => Array.from({ length: 1 + upTo(most) }, () => pick(from));

  const keyword = (word: string) => pick([word, word, word.toLowerCase(), word.toUpperCase()]);
  const quoted = (value: string) =>
    value.includes(' ') || maybe(0.2) ? pick([`"${value}"`, `'${value}'`, value.replaceAll(' ', '\\ ')]) : value;
  const said = (word: string, value: string) =>
    `${pick(['', '  ', '\t'])}${keyword(word)}${pick([' ', ' ', '=', ' = ', '\t', '= '])}${value}${pick(['', '', '', ' ', '\r'])}`;
  const remark = (text: string) => (maybe(0.15) ? `${text.trimEnd()} # because` : text);

  const option = (): string => {
    switch (upTo(16)) {
      case 0:
        return remark(said('HostName', quoted(pick(names))));
      case 1:
        return remark(said('User', quoted(pick(users))));
      case 2:
        return remark(said('Port', quoted(String(1 + upTo(65_535)))));
      case 3:
      case 4:
        return remark(said('IdentityFile', quoted(maybe(0.1) ? 'none' : pick(paths))));
      case 5:
        return remark(said('IdentitiesOnly', pick(['yes', 'no', 'true', 'FALSE'])));
      case 6:
        return remark(
          said('IdentityAgent', quoted(pick(['none', 'SSH_AUTH_SOCK', '$HOME', '/a/%h', '~/a b', `\${HOME}/s`]))),
        );
      case 7:
        // OpenSSH 9.2 takes `none # because` for a host of that name
        return maybe(0.1) ? said('ProxyJump', 'none') : remark(said('ProxyJump', pick(jumps)));
      case 8:
        return said('ProxyCommand', pick(['nc %h %p', 'none', 'NONE', '"a b" c', 'x # y']));
      case 9:
        return remark(said('HostKeyAlias', quoted(pick(['alias', 'Alias.B', '10.0.0.3']))));
      case 10:
        return remark(said('UserKnownHostsFile', maybe(0.1) ? 'none' : some(paths, 3).map(quoted).join(' ')));
      case 11:
        return remark(said(pick(['ConnectTimeout', 'ServerAliveInterval']), pick(times)));
      case 12:
        return remark(said('ServerAliveCountMax', String(upTo(9))));
      case 13:
        return remark(
          said(
            pick([
              'HashKnownHosts',
              'PasswordAuthentication',
              'KbdInteractiveAuthentication',
              'ChallengeResponseAuthentication',
              'PubkeyAuthentication',
            ]),
            pick(['yes', 'no', 'true', 'FALSE', 'No']),
          ),
        );
      case 14:
        return remark(
          maybe(0.5)
            ? said('NumberOfPasswordPrompts', String(upTo(9)))
            : said('PubkeyAuthentication', pick(['unbound', 'host-bound'])),
        );
      default:
        return pick([
          '# a remark',
          '',
          '   ',
          'ForwardAgent yes',
          'Compression no',
          '\t# indented',
          'StrictHostKeyChecking no',
        ]);
    }
  };
  const criterion = (): string => {
    const negation = maybe(0.2) ? '!' : '';
    const list = some(patterns, 3).join(',');
    switch (upTo(5)) {
      case 0:
        return `${negation}${keyword('originalhost')} ${list}`;
      case 1:
        return `${negation}${keyword('user')} ${some(['kim', 'r*', '!pi', 'root', '*'], 2).join(',')}`;
      case 2:
        return `${negation}localuser ${pick([userInfo().username, 'nobody', '*'])}`;
      case 3:
        return maybe(0.3) ? `${negation}${pick(['final', 'canonical'])}` : `host=${list}`;
      default:
        return `${negation}${keyword('host')} ${maybe(0.3) ? `"${list}"` : list}`;
    }
  };
  const heading = (): string => {
    if (maybe(0.6)) {
      return remark(
        said(
          'Host',
          some(patterns.concat(hosts), 4)
            .map((each) => (maybe(0.1) ? `"${each}"` : each))
            .join(' '),
        ),
      );
    }
    return remark(
      `${keyword('Match')} ${maybe(0.12) ? pick(['all', '!all', 'final all']) : some([''], 3).map(criterion).join(' ')}`,
    );
  };

  const makeFile = (index: number, names: string[], depth: number, files: Record<string, string>): string => {
    const lines: string[] = [];
    for (let block = 0; block < 1 + upTo(depth === 0 ? 6 : 3); block++) {
      if (maybe(0.8)) {
        lines.push(heading());
      }
      for (let line = 0; line < upTo(5); line++) {
        lines.push(option());
      }
      if (depth < 2 && maybe(0.3)) {
        const name = `case-${index}-${names.length}.conf`;
        names.push(name);
        files[name] = makeFile(index, names, depth + 1, files);
        const whole = join(folder, name);
        lines.push(
          said(
            'Include',
            pick([
              whole,
              `"${whole}"`,
              whole.replace('.conf', '.co*'),
              `${whole} ${folder}/no-such-*`,
              whole.replace('case', 'c[abc]se'),
              whole.replace('case', 'c?se'),
            ]),
          ),
        );
      }
    }
    return `${lines.join('\n')}${pick(['', '\n'])}`;
  };

  return Array.from({ length: count }, (_, index) => {
    const included: Record<string, string> = {};
    const name = `case-${index}.main`;
    const content = makeFile(index, [], 0, included);
    return {
      files: { [name]: content, ...included },
      host: pick(hosts),
      ...(maybe(0.2) ? { user: pick(users) } : {}),
      ...(maybe(0.2) ? { port: 1 + upTo(65_535) } : {}),
    };
  });
}
