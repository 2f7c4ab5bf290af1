import { parseDestination } from '../../../shared/connection.ts';
import { Failure } from '../../../shared/problem.ts';
import { listHosts } from '../../ssh/ssh-config/hosts.ts';
import { type ConfigFile, configFiles } from '../../ssh/ssh-config/read.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import { quote } from './entries.ts';
import { type Found, type FoundEngine, type Note, nothing } from './found.ts';

/**
 * Hosts of the SSH configuration, by the names under which it has them, so that it stays the truth about them: a pattern names
 * none, and a host without a HostName is only a set of options.
 */
export function findSshHosts({ env, home }: SystemPaths): Promise<Found> {
  return readSshHosts(configFiles(env.BARNRAISER_SSH_CONFIG, home), home);
}

export async function readSshHosts(files: readonly ConfigFile[], home: string): Promise<Found> {
  const path = files[0]?.path ?? 'none';
  const engines: FoundEngine[] = [];
  const notes: Note[] = [];
  try {
    for (const host of await listHosts({ files, home })) {
      const uri = uriOf(host);
      if (uri === undefined) {
        notes.push({ path, message: `Host ${quote(host)} has a name that no URI can hold. Give it a plainer one.` });
      } else {
        engines.push({ name: host, uri, path });
      }
    }
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    // its message begins with the file that is meant, which may be an included one
    return nothing('ssh-config', [{ path, message: `${error.problem.message} ${error.problem.fix}` }]);
  }
  return { source: 'ssh-config', engines, farms: [], notes };
}

/** The URI that leads to a host of this very name and says nothing else. */
function uriOf(host: string): string | undefined {
  const candidates = [`ssh://${host}`, `ssh://[${host}]`];
  return candidates.find((uri) => {
    const destination = parseDestination(uri);
    return (
      typeof destination !== 'string' &&
      destination.kind === 'ssh' &&
      destination.host === host &&
      destination.user === undefined &&
      destination.port === undefined &&
      destination.socketPath === undefined
    );
  });
}
