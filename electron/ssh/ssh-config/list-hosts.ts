import { Failure } from '../../../shared/problem.ts';
import { localUser } from '../../system/local-user.ts';
import { evaluate } from './evaluate.ts';
import { type ConfigEntry, type ConfigFile, configFiles, readConfig } from './read.ts';

/** A list of more hosts would be too long to choose from. */
const maxHosts = 500;
/**
 * Each host is matched against every line. In a huge file, only as many hosts are evaluated as take well under a
 * second.
 */
const maxLookups = 5_000_000;

export interface ListOptions {
  readonly files?: readonly ConfigFile[];
  readonly home?: string;
}

/** The hosts that a configuration names without wildcards and gives a HostName. @throws Failure `ssh.config` */
export async function listHosts({
  home = localUser().home,
  files = configFiles(undefined, home),
}: ListOptions = {}): Promise<string[]> {
  const lists = await readConfig(files, { home });
  const names = new Set<string>();
  const lines = lists.reduce((sum, entries) => sum + collectHostNames(entries, names), 0);
  const evaluated = [...names].slice(0, Math.ceil(maxLookups / Math.max(lines, 1)));
  return evaluated.filter(
    (host) => evaluate(lists, { host, localUser: localUser().name, env: process.env }).options.hostName !== undefined,
  );
}

/**
 * Returns a function that gives hosts an equal key if they have the same route: address, port, jump hosts and
 * ProxyCommand. Hosts that cannot be evaluated, or only slowly in a huge file, have their names as keys.
 */
export async function hostAddresses({
  home = localUser().home,
  files = configFiles(undefined, home),
}: ListOptions = {}): Promise<
  (destination: { readonly host: string; readonly user?: string; readonly port?: number }) => string
> {
  const lists = await readConfig(files, { home }).catch((error: unknown) => {
    if (error instanceof Failure) {
      return [];
    }
    throw error;
  });
  const lines = lists.reduce((sum, entries) => sum + collectHostNames(entries, new Set()), 0);
  let lookups = Math.ceil(maxLookups / Math.max(lines, 1));
  const { name } = localUser();
  return (destination) => {
    const { host, port = 22 } = destination;
    lookups -= 1;
    try {
      const { options, host: address } = evaluate(lookups < 0 ? [] : lists, {
        ...destination,
        localUser: name,
        env: process.env,
      });
      const { jumps, proxyCommand } = options;
      return JSON.stringify([address, options.port ?? 22, jumps?.text ?? '', proxyCommand?.text ?? '']);
    } catch (error) {
      if (error instanceof Failure) {
        return JSON.stringify([host.toLowerCase(), port]);
      }
      throw error;
    }
  };
}

/** Adds the names to the set. @returns the number of lines */
function collectHostNames(entries: readonly ConfigEntry[], names: Set<string>): number {
  let lines = 0;
  for (const entry of entries) {
    if (entry.kind === 'included') {
      for (const list of entry.lists) {
        lines += collectHostNames(list, names);
      }
    } else if (entry.keyword === 'host') {
      for (const word of entry.words) {
        if (names.size < maxHosts && !/[*?!]/.test(word)) {
          names.add(word);
        }
      }
    }
  }
  return lines + entries.length;
}
