import { homedir, userInfo } from 'node:os';
import { evaluate } from './evaluate.ts';
import { type ConfigFile, configFiles, type Entry, readConfig } from './read.ts';

/** Who has more machines than this names them himself. */
const maxHosts = 500;

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
  for (const entries of lists) {
    collect(entries, names);
  }
  const localUser = userInfo().username;
  return [...names].filter(
    (host) => evaluate(lists, { host, localUser, env: process.env }).options.hostName !== undefined,
  );
}

function collect(entries: readonly Entry[], names: Set<string>): void {
  for (const entry of entries) {
    if (entry.kind === 'included') {
      for (const list of entry.lists) {
        collect(list, names);
      }
    } else if (entry.keyword === 'host') {
      for (const word of entry.words) {
        if (names.size < maxHosts && !/[*?!]/.test(word)) {
          names.add(word);
        }
      }
    }
  }
}
