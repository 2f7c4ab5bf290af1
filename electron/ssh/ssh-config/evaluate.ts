import { isIP } from 'node:net';
import { configProblem } from './config-problem.ts';
import { isMatch } from './match.ts';
import { applyLine, type HostOptions } from './options.ts';
import { matchesPattern } from './pattern.ts';
import type { JumpHost } from './proxy-jump.ts';
import type { ConfigEntry, Directive } from './read.ts';
import { expandTokens } from './tokens.ts';

export interface HostQuery {
  readonly host: string;
  /** The user, port and jump hosts of the connection take precedence over the configuration. */
  readonly user?: string;
  readonly port?: number;
  readonly jumps?: readonly JumpHost[];
  readonly localUser: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface EvaluatedHost {
  readonly options: HostOptions;
  /** The host to connect to. */
  readonly host: string;
  /** What was ignored in the configuration, and why. */
  readonly notes: readonly string[];
}

/**
 * Collects a host's options from top to bottom, in two passes where there is a `Match final`.
 * @throws Failure `ssh.config`
 */
export function evaluate(lists: readonly (readonly ConfigEntry[])[], query: HostQuery): EvaluatedHost {
  const options: HostOptions = {
    identityFiles: [],
    certificateFiles: [],
    ...(query.user === undefined ? {} : { user: query.user }),
    ...(query.port === undefined ? {} : { port: query.port }),
    ...(query.jumps === undefined ? {} : { jumps: { text: '', hops: query.jumps } }),
  };
  const notes = new Set<string>();
  const pass = new EvaluationPass(query, options, (text) => notes.add(text));
  for (const entries of lists) {
    pass.walk(entries, { isActive: true }, false);
  }
  const host = normalizeHost(
    options.hostName === undefined ? query.host : expandTokens(options.hostName, { h: query.host }, 'HostName'),
  );
  if (pass.hasMatchFinal) {
    options.hostName = host;
    const finalPass = new EvaluationPass(query, options, (text) => notes.add(text), host);
    for (const entries of lists) {
      finalPass.walk(entries, { isActive: true }, false);
    }
  }
  return { options, host, notes: [...notes] };
}

/** Names become lower case, IPv6 addresses get their short form. An address with a zone (`%eth0`) stays as it is. */
function normalizeHost(host: string): string {
  if (host.includes('%')) {
    return host;
  }
  return isIP(host) === 6 ? new URL(`ssh://[${host}]`).hostname.slice(1, -1) : host.toLowerCase();
}

/** One pass over all lines. */
class EvaluationPass {
  hasMatchFinal = false;
  readonly #query: HostQuery;
  readonly #options: HostOptions;
  readonly #addNote: (text: string) => void;
  readonly #finalHost: string | undefined;

  /** @param finalHost the host's HostName, in the second pass. */
  constructor(query: HostQuery, options: HostOptions, addNote: (text: string) => void, finalHost?: string) {
    this.#query = query;
    this.#options = options;
    this.#addNote = addNote;
    this.#finalHost = finalHost;
  }

  /** @param isExcluded the lines are in an Include that does not apply, so no Host and no Match in them applies. */
  walk(entries: readonly ConfigEntry[], state: { isActive: boolean }, isExcluded: boolean): void {
    for (const entry of entries) {
      if (entry.kind === 'included') {
        for (const list of entry.lists) {
          // a Host or Match of the included file ends with that file
          this.walk(list, { isActive: state.isActive }, !state.isActive);
        }
      } else if (entry.keyword === 'host') {
        state.isActive = this.#isHost(entry) && !isExcluded;
      } else if (entry.keyword === 'match') {
        state.isActive = this.#isMatch(entry) && !isExcluded;
      } else {
        applyLine(entry, state.isActive, this.#options, { env: this.#query.env, addNote: this.#addNote });
      }
    }
  }

  #isHost(line: Directive): boolean {
    const host = this.#finalHost ?? this.#query.host;
    let isMatching = false;
    for (const word of line.words) {
      if (word === '') {
        throw configProblem(line, 'Host has an empty pattern.');
      }
      const isNegated = word.startsWith('!');
      if (matchesPattern(host, isNegated ? word.slice(1) : word)) {
        if (isNegated) {
          return false;
        }
        isMatching = true;
      }
    }
    return isMatching;
  }

  #isMatch(line: Directive): boolean {
    const { host, localUser } = this.#query;
    const { hostName, user = localUser } = this.#options;
    return isMatch(line, {
      host: this.#finalHost ?? (hostName === undefined ? host : expandTokens(hostName, { h: host }, 'HostName')),
      originalHost: host,
      user,
      localUser,
      isFinalPass: this.#finalHost !== undefined,
      onMatchFinal: () => {
        this.hasMatchFinal = true;
      },
      addNote: this.#addNote,
    });
  }
}
