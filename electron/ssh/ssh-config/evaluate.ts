import { isIP } from 'node:net';
import { broken } from './broken.ts';
import type { Hop } from './jump.ts';
import { isMatch } from './match.ts';
import { applyLine, type Options } from './options.ts';
import { matchesPattern } from './pattern.ts';
import type { Directive, Entry } from './read.ts';
import { expandTokens } from './tokens.ts';

export interface Question {
  readonly host: string;
  /** What is given beside the configuration wins over it. */
  readonly user?: string;
  readonly port?: number;
  readonly jumps?: readonly Hop[];
  readonly localUser: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Evaluated {
  readonly options: Options;
  /** The host to connect to. */
  readonly host: string;
  /** What was left out of the configuration, and why. */
  readonly notes: readonly string[];
}

/** Goes through the lines from the top, twice where a `Match final` wants it. @throws Failure `ssh.config` */
export function evaluate(lists: readonly (readonly Entry[])[], question: Question): Evaluated {
  const options: Options = {
    identityFiles: [],
    ...(question.user === undefined ? {} : { user: question.user }),
    ...(question.port === undefined ? {} : { port: question.port }),
    ...(question.jumps === undefined ? {} : { jumps: { text: '', hops: question.jumps } }),
  };
  const notes = new Set<string>();
  const pass = new Pass(question, options, (text) => notes.add(text));
  for (const entries of lists) {
    pass.walk(entries, { active: true }, false);
  }
  const host = addressOf(
    options.hostName === undefined ? question.host : expandTokens(options.hostName, { h: question.host }, 'HostName'),
  );
  if (pass.wantsFinal) {
    options.hostName = host;
    const again = new Pass(question, options, (text) => notes.add(text), host);
    for (const entries of lists) {
      again.walk(entries, { active: true }, false);
    }
  }
  return { options, host, notes: [...notes] };
}

/** Names are written in lower case, IPv6 addresses in their short form; what has a zone (`%eth0`) stays as it is. */
function addressOf(host: string): string {
  if (host.includes('%')) {
    return host;
  }
  return isIP(host) === 6 ? new URL(`ssh://[${host}]`).hostname.slice(1, -1) : host.toLowerCase();
}

class Pass {
  wantsFinal = false;
  readonly #question: Question;
  readonly #options: Options;
  readonly #note: (text: string) => void;
  readonly #finalHost: string | undefined;

  constructor(question: Question, options: Options, note: (text: string) => void, finalHost?: string) {
    this.#question = question;
    this.#options = options;
    this.#note = note;
    this.#finalHost = finalHost;
  }

  /** `never`: in an Include that does not apply, no Host and no Match does. */
  walk(entries: readonly Entry[], state: { active: boolean }, never: boolean): void {
    for (const entry of entries) {
      if (entry.kind === 'included') {
        for (const list of entry.lists) {
          // a Host or Match in there ends with the file
          this.walk(list, { active: state.active }, !state.active);
        }
      } else if (entry.keyword === 'host') {
        state.active = this.#isHost(entry) && !never;
      } else if (entry.keyword === 'match') {
        state.active = this.#isMatch(entry) && !never;
      } else {
        applyLine(entry, state.active, this.#options, { env: this.#question.env, note: this.#note });
      }
    }
  }

  #isHost(line: Directive): boolean {
    const host = this.#finalHost ?? this.#question.host;
    let active = false;
    for (const word of line.words) {
      if (word === '') {
        throw broken(line, 'Host has an empty pattern.');
      }
      const negated = word.startsWith('!');
      if (matchesPattern(host, negated ? word.slice(1) : word)) {
        if (negated) {
          return false;
        }
        active = true;
      }
    }
    return active;
  }

  #isMatch(line: Directive): boolean {
    const { host, localUser } = this.#question;
    const { hostName, user = localUser } = this.#options;
    return isMatch(line, {
      host: this.#finalHost ?? (hostName === undefined ? host : expandTokens(hostName, { h: host }, 'HostName')),
      originalHost: host,
      user,
      localUser,
      final: this.#finalHost !== undefined,
      wantFinal: () => {
        this.wantsFinal = true;
      },
      note: this.#note,
    });
  }
}
