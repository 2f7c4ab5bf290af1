import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { fail } from '../../../shared/problem.ts';

/** What a `%x` stands for, by its letter. */
export type Tokens = Readonly<Record<string, string>>;

export interface Destination {
  readonly host: string;
  readonly originalHost: string;
  readonly hostKeyAlias?: string | undefined;
  readonly user: string;
  readonly port: number;
  readonly localUser: string;
  readonly home: string;
}

/** The tokens of file names. Source: OpenSSH 9.2, sshconnect.h, DEFAULT_CLIENT_PERCENT_EXPAND_ARGS; ssh.c for %C. */
export function fileTokens(to: Destination): Tokens {
  const thisHost = hostname();
  const port = String(to.port);
  return {
    C: createHash('sha1').update(`${thisHost}${to.host}${port}${to.user}`).digest('hex'),
    L: thisHost.split('.')[0] ?? thisHost,
    i: String(process.getuid?.() ?? 0),
    k: to.hostKeyAlias ?? to.originalHost,
    l: thisHost,
    n: to.originalHost,
    p: port,
    d: to.home,
    h: to.host,
    r: to.user,
    u: to.localUser,
  };
}

/** Puts in what `%x` stands for; `%%` is one `%`. @throws Failure `ssh.config` where a token is none of these */
export function expandTokens(text: string, tokens: Tokens, keyword: string): string {
  return text.replace(/%(.?)/gs, (all, letter: string) => {
    const value = letter === '%' ? '%' : tokens[letter];
    if (value === undefined) {
      throw fail(
        'ssh.config',
        `${keyword} ${text} has a ${all} in the SSH configuration, which means nothing there.`,
        `Write %% for a percent sign, or one of ${Object.keys(tokens)
          .map((each) => `%${each}`)
          .join(' ')}.`,
      );
    }
    return value;
  });
}

/** A file's path: `~` is home, `%x` and `${NAME}` are what they stand for. @throws Failure `ssh.config` */
export function expandPath(text: string, keyword: string, tokens: Tokens, env: NodeJS.ProcessEnv): string {
  if (/^~[^/]/.test(text)) {
    throw fail('ssh.config', `${keyword} ${text} starts in the home of somebody else.`, 'Write the whole path there.');
  }
  const whole = text.startsWith('~') ? `${tokens.d ?? '~'}${text.slice(1)}` : text;
  // in one go, as ssh does: what stands in a variable is not expanded again
  return whole.replace(/\$\{([^}]*)\}|%(.?)/gs, (all, name: string | undefined) => {
    if (name === undefined) {
      return expandTokens(all, tokens, keyword);
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) {
      throw fail(
        'ssh.config',
        `${keyword} ${text} needs the variable ${name}, which is not set.`,
        `Set ${name}, or write the path without it.`,
      );
    }
    return value;
  });
}
