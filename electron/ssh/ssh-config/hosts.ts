import { homedir, userInfo } from 'node:os';
import { evaluate } from './evaluate.ts';
import { type ConfigFile, configFiles, type Entry, readConfig } from './read.ts';

/** Who has more machines than this names them himself. */
const maxHosts = 500;
/** Each host is looked up in every line: of a huge file only as many hosts as take well under a second. */
const maxLookups = 5_000_000;

export interface ListOptions {
  readonly files?: readonly ConfigFile[];
  readonly home?: string;
}

/** The hosts that a configuration names one by one and gives a HostName. @throws Failure `ssh.config` */
export async function listHosts({
  home = homedir(),
  files = configFiles(undefined, home),
}: ListOptions = {}): Promise<string[]> {
  const lists = await readConfig(files, { home });
  const names = new Set<string>();
  const lines = lists.reduce((sum, entries) => sum + collect(entries, names), 0);
  const localUser = userInfo().username;
  const some = [...names].slice(0, Math.ceil(maxLookups / Math.max(lines, 1)));
  return some.filter((host) => evaluate(lists, { host, localUser, env: process.env }).options.hostName !== undefined);
}

/** Adds the names; answers with the number of lines. */
function collect(entries: readonly Entry[], names: Set<string>): number {
  let lines = 0;
  for (const entry of entries) {
    if (entry.kind === 'included') {
      for (const list of entry.lists) {
        lines += collect(list, names);
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
