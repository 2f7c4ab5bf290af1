import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { fail } from '../../../shared/problem.ts';

/** The value of each `%x` token, by its letter. */
export type Tokens = Readonly<Record<string, string>>;

/** The values that tokens stand for. */
export interface TokenSource {
  readonly host: string;
  readonly originalHost: string;
  readonly hostKeyAlias?: string | undefined;
  readonly user: string;
  readonly port: number;
  readonly localUser: string;
  readonly home: string;
}

/** The tokens in file names. Source: OpenSSH 9.2, sshconnect.h, DEFAULT_CLIENT_PERCENT_EXPAND_ARGS; ssh.c for %C. */
export function fileTokens(source: TokenSource): Tokens {
  const thisHost = hostname();
  const port = String(source.port);
  return {
    C: createHash('sha1').update(`${thisHost}${source.host}${port}${source.user}`).digest('hex'),
    L: thisHost.split('.')[0] ?? thisHost,
    i: String(process.getuid?.() ?? 0),
    k: source.hostKeyAlias ?? source.originalHost,
    l: thisHost,
    n: source.originalHost,
    p: port,
    d: source.home,
    h: source.host,
    r: source.user,
    u: source.localUser,
  };
}

/** Replaces `%x` by its value and `%%` by `%`. @throws Failure `ssh.config` where a token is unknown */
export function expandTokens(text: string, tokens: Tokens, keyword: string): string {
  return text.replace(/%(.?)/gs, (all, letter: string) => {
    const value = letter === '%' ? '%' : tokens[letter];
    if (value === undefined) {
      throw fail(
        'ssh.config',
        `${keyword} ${text} in the SSH configuration contains ${all}, which is not a token of ${keyword}.`,
        `Write %% for a percent sign, or one of ${Object.keys(tokens)
          .map((each) => `%${each}`)
          .join(' ')}.`,
      );
    }
    return value;
  });
}

/** Expands `~`, `%x` and `${NAME}` in a file's path. @throws Failure `ssh.config` */
export function expandPath(text: string, keyword: string, tokens: Tokens, env: NodeJS.ProcessEnv): string {
  if (/^~[^/\\]/.test(text)) {
    throw fail(
      'ssh.config',
      `${keyword} ${text} is in the home folder of another user.`,
      'Write the full path instead.',
    );
  }
  const withHome = text.startsWith('~') ? `${tokens.d ?? '~'}${text.slice(1)}` : text;
  // in a single pass, as ssh does: the value of a variable is not expanded again
  return withHome.replace(/\$\{([^}]*)\}|%(.?)/gs, (all, name: string | undefined) => {
    if (name === undefined) {
      return expandTokens(all, tokens, keyword);
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) {
      throw fail(
        'ssh.config',
        `${keyword} ${text} uses the environment variable ${name}, which is not set.`,
        `Set ${name}, or write the path without it.`,
      );
    }
    return value;
  });
}
