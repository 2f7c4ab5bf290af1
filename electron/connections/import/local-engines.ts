import { stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { localSockets } from '../../engines/transport/local-sockets.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import { fileState } from './foreign-file.ts';
import { type DiscoveredEngine, emptySource, type ImportSource } from './import-source.ts';
import { machineNote } from './podman-settings.ts';

/**
 * The engines of this computer, found by their sockets, or by the podman command if podman has no socket. Runs nothing.
 */
export async function findLocalEngines(paths: SystemPaths): Promise<ImportSource> {
  // a look at a named pipe of Windows would already connect to it
  if (paths.platform === 'win32') {
    return emptySource('local');
  }
  const engines: DiscoveredEngine[] = [];
  let hasPodman = false;
  for (const { name, path, engine, isInMachine = false } of await localSockets(paths)) {
    const notes = engine === 'podman' && isInMachine ? [machineNote] : [];
    const state = await fileState(path, 'socket');
    if (state === 'usable' || (state === 'forbidden' && engine === 'docker')) {
      hasPodman ||= engine === 'podman';
      engines.push({
        name,
        uri: `unix://${encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')}`,
        path,
        isInMachine,
        notes: state === 'usable' ? notes : [...notes, forbiddenNote(path)],
      });
    }
  }
  // on macOS the podman command only talks to a podman machine, which has a socket
  if (!hasPodman && paths.platform === 'linux' && (await isInstalled('podman', paths))) {
    engines.unshift({ name: 'this-computer', uri: 'local:', path: 'podman' });
  }
  return { source: 'local', engines, farms: [], notes: [] };
}

function forbiddenNote(path: string): string {
  return `Your user is not allowed to use ${path}. Run \`sudo usermod -aG docker $USER\`, then log in again.`;
}

async function isInstalled(command: string, { env }: SystemPaths): Promise<boolean> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const file = folder === '' ? undefined : await stat(join(folder, command)).catch(() => undefined);
    if (file?.isFile() && (file.mode & 0o111) !== 0) {
      return true;
    }
  }
  return false;
}
