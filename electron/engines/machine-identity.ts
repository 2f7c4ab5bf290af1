import { createHash } from 'node:crypto';
import type { Node } from '../../shared/node.ts';

/**
 * Prints what {@link readIdentity} reads. The boot id is random at each start of a machine, so it also tells copies of a
 * machine apart; machines that are namespaces of one kernel have different names.
 */
export const printIdentityCommand =
  'echo "boot-id $(cat /proc/sys/kernel/random/boot_id)"; echo "machine-id $(cat /etc/machine-id 2>/dev/null)"; echo "machine-name $(uname -n)"';

/** What an engine says of itself. */
interface EngineFacts {
  readonly engine: Node['engine'];
  readonly hostname: string;
  /** The folder of its images. */
  readonly storage: string;
  /** An id that the engine has made for itself. */
  readonly id?: string | undefined;
}

/**
 * What identifies a node's machine and its engine, whatever connection leads there; parts that are unknown are missing.
 * @param printed the output of {@link printIdentityCommand} and of other commands
 */
export function readIdentity(
  printed: string,
  { engine, hostname, storage, id }: EngineFacts,
): Pick<Node, 'machineId' | 'engineId'> {
  const factOf = (key: string) => new RegExp(`^${key} (.{0,200})$`, 'm').exec(printed)?.[1]?.trim() ?? '';
  const [boot, machine, name] = [factOf('boot-id'), factOf('machine-id'), factOf('machine-name')];
  // an engine in a virtual machine has another name than the machine on which the commands run
  const isOnThisMachine = boot !== '' && name !== '' && name === hostname;
  const machineId = isOnThisMachine ? digest([boot, machine, name]) : undefined;
  const engineId = machineId ? digest([machineId, engine, storage]) : id ? digest([engine, id, hostname]) : undefined;
  return { ...(machineId ? { machineId } : {}), ...(engineId ? { engineId } : {}) };
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
