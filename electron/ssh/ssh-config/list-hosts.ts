import { homedir, userInfo } from 'node:os';
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
  home = homedir(),
  files = configFiles(undefined, home),
}: ListOptions = {}): Promise<string[]> {
  const lists = await readConfig(files, { home });
  const names = new Set<string>();
  const lines = lists.reduce((sum, entries) => sum + collectHostNames(entries, names), 0);
  const localUser = userInfo().username;
  const evaluated = [...names].slice(0, Math.ceil(maxLookups / Math.max(lines, 1)));
  return evaluated.filter(
    (host) => evaluate(lists, { host, localUser, env: process.env }).options.hostName !== undefined,
  );
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
