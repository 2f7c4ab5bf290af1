import { parseDestination } from '../../../shared/connection.ts';
import { Failure } from '../../../shared/problem.ts';
import { listHosts } from '../../ssh/ssh-config/list-hosts.ts';
import { type ConfigFile, configFiles } from '../../ssh/ssh-config/read.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import { quoteForMessage } from './foreign-content.ts';
import { type DiscoveredEngine, emptySource, type ImportNote, type ImportSource } from './import-source.ts';

/**
 * The hosts of the SSH configuration that have a HostName; without one, a host is only a set of options. Their URIs use
 * the alias, so later changes of the configuration take effect. Patterns are left out.
 */
export function findSshHosts({ env, home }: SystemPaths): Promise<ImportSource> {
  return readSshHosts(configFiles(env.BARNRAISER_SSH_CONFIG, home), home);
}

export async function readSshHosts(files: readonly ConfigFile[], home: string): Promise<ImportSource> {
  const path = files[0]?.path ?? 'none';
  const engines: DiscoveredEngine[] = [];
  const notes: ImportNote[] = [];
  try {
    for (const host of await listHosts({ files, home })) {
      const uri = uriOf(host);
      if (uri === undefined) {
        const message = `Host ${quoteForMessage(host)} has a name that cannot be used in a URI. Give it a simpler alias.`;
        notes.push({ path, message });
      } else {
        engines.push({ name: host, uri, path });
      }
    }
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    // the message names the file, which may be an included one
    return emptySource('ssh-config', [{ path, message: `${error.problem.message} ${error.problem.fix}` }]);
  }
  return { source: 'ssh-config', engines, farms: [], notes };
}

/** A URI that consists of exactly this host name; undefined if there is none. */
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
