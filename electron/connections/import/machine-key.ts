import { parseDestination } from '../../../shared/connection.ts';
import { hostAddresses } from '../../ssh/ssh-config/list-hosts.ts';
import { configFiles } from '../../ssh/ssh-config/read.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import type { DiscoveredEngine } from './import-source.ts';

/**
 * A key that is equal for engines that are plainly on the same machine, before it is contacted. Undefined where that is not
 * known.
 */
export type MachineKey = (engine: Pick<DiscoveredEngine, 'uri' | 'isInMachine'>) => string | undefined;

export const noMachineKey: MachineKey = () => undefined;

/** Takes the SSH configuration into account: an alias and the address behind it are the same machine. */
export async function readMachineKeys({ env, home, platform }: SystemPaths): Promise<MachineKey> {
  const files = configFiles(env.BARNRAISER_SSH_CONFIG, home, platform);
  const addressOf = await hostAddresses({ files, home });
  return ({ uri, isInMachine = false }) => {
    const destination = parseDestination(uri);
    if (typeof destination === 'string') {
      return undefined;
    }
    const host = destination.kind === 'container' ? destination.host : destination;
    if (host?.kind === 'ssh') {
      return addressOf(host);
    }
    if (host?.kind !== 'unix' && host?.kind !== 'local') {
      // a port may lead anywhere, also one of this computer
      return undefined;
    }
    // elsewhere, engines run in virtual machines
    return platform === 'linux' && !isInMachine ? 'this computer' : undefined;
  };
}
