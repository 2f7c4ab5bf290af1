/** Random configurations of an SSH client, with patterns, Match, Include, tokens, quotes and precedence. */
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

/** A random number generator (mulberry32). Equal seeds give equal numbers. */
function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param folder the folder of the files, for Include with absolute paths */
export function makeCases(seed: number, count: number, folder: string): ConfigCase[] {
  const next = makeRandom(seed);
  const upTo = (limit: number) => Math.floor(next() * limit);
  const maybe = (probability: number) => next() < probability;
  const pick = <T>(from: readonly [T, ...T[]] | readonly T[]): T => {
    const picked = from[upTo(from.length)];
    if (picked === undefined) {
      throw new Error('The list is empty.');
    }
    return picked;
  };
  const some = (from: readonly string[], max: number) => Array.from({ length: 1 + upTo(max) }, () => pick(from));

  const keyword = (word: string) => pick([word, word, word.toLowerCase(), word.toUpperCase()]);
  const maybeQuote = (value: string) =>
    value.includes(' ') || maybe(0.2) ? pick([`"${value}"`, `'${value}'`, value.replaceAll(' ', '\\ ')]) : value;
  const formatOption = (word: string, value: string) =>
    `${pick(['', '  ', '\t'])}${keyword(word)}${pick([' ', ' ', '=', ' = ', '\t', '= '])}${value}${pick(['', '', '', ' ', '\r'])}`;
  const maybeComment = (text: string) => (maybe(0.15) ? `${text.trimEnd()} # because` : text);

  const option = (): string => {
    switch (upTo(16)) {
      case 0:
        return maybeComment(formatOption('HostName', maybeQuote(pick(names))));
      case 1:
        return maybeComment(formatOption('User', maybeQuote(pick(users))));
      case 2:
        return maybeComment(formatOption('Port', maybeQuote(String(1 + upTo(65_535)))));
      case 3:
      case 4:
        return maybeComment(
          formatOption(pick(['IdentityFile', 'CertificateFile']), maybeQuote(maybe(0.1) ? 'none' : pick(paths))),
        );
      case 5:
        return maybeComment(formatOption('IdentitiesOnly', pick(['yes', 'no', 'true', 'FALSE'])));
      case 6:
        return maybeComment(
          formatOption(
            'IdentityAgent',
            maybeQuote(pick(['none', 'SSH_AUTH_SOCK', '$HOME', '/a/%h', '~/a b', `\${HOME}/s`])),
          ),
        );
      case 7:
        // OpenSSH 9.2 reads `none # because` as a host name
        return maybe(0.1) ? formatOption('ProxyJump', 'none') : maybeComment(formatOption('ProxyJump', pick(jumps)));
      case 8:
        return formatOption('ProxyCommand', pick(['nc %h %p', 'none', 'NONE', '"a b" c', 'x # y']));
      case 9:
        return maybeComment(formatOption('HostKeyAlias', maybeQuote(pick(['alias', 'Alias.B', '10.0.0.3']))));
      case 10:
        return maybeComment(
          formatOption('UserKnownHostsFile', maybe(0.1) ? 'none' : some(paths, 3).map(maybeQuote).join(' ')),
        );
      case 11:
        return maybeComment(formatOption(pick(['ConnectTimeout', 'ServerAliveInterval']), pick(times)));
      case 12:
        return maybeComment(formatOption('ServerAliveCountMax', String(upTo(9))));
      case 13:
        return maybeComment(
          formatOption(
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
        return maybeComment(
          maybe(0.5)
            ? formatOption('NumberOfPasswordPrompts', String(upTo(9)))
            : formatOption('PubkeyAuthentication', pick(['unbound', 'host-bound'])),
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
        return `${negation}localuser ${pick([userInfo().username, 'daemon', '*'])}`;
      case 3:
        return maybe(0.3) ? `${negation}${pick(['final', 'canonical'])}` : `host=${list}`;
      default:
        return `${negation}${keyword('host')} ${maybe(0.3) ? `"${list}"` : list}`;
    }
  };
  const heading = (): string => {
    if (maybe(0.6)) {
      return maybeComment(
        formatOption(
          'Host',
          some(patterns.concat(hosts), 4)
            .map((each) => (maybe(0.1) ? `"${each}"` : each))
            .join(' '),
        ),
      );
    }
    return maybeComment(
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
          formatOption(
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
