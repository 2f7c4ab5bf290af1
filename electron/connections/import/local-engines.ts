import { readdir, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { runtimeFolder, type SystemPaths } from '../../system/system-paths.ts';
import { fileState } from './foreign-file.ts';
import { type DiscoveredEngine, emptySource, type ImportSource } from './import-source.ts';
import { machineNote } from './podman-settings.ts';

interface Socket {
  readonly name: string;
  readonly path: string;
  readonly engine: 'podman' | 'docker';
  readonly notes?: readonly string[];
}

/**
 * The engines of this computer, found by their sockets, or by the podman command if podman has no socket. Runs nothing.
 */
export async function findLocalEngines(paths: SystemPaths): Promise<ImportSource> {
  // on Windows, engines listen on named pipes
  if (paths.platform === 'win32') {
    return emptySource('local');
  }
  const engines: DiscoveredEngine[] = [];
  let hasPodman = false;
  for (const { name, path, engine, notes = [] } of [...usualSockets(paths), ...(await machineSockets(paths))]) {
    const state = await fileState(path, 'socket');
    if (state === 'usable' || (state === 'forbidden' && engine === 'docker')) {
      hasPodman ||= engine === 'podman';
      engines.push({
        name,
        uri: `unix://${encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')}`,
        path,
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

function usualSockets(paths: SystemPaths): Socket[] {
  const { home, root } = paths;
  const runtime = runtimeFolder(paths);
  return [
    { name: 'this-computer', engine: 'podman', path: join(runtime, 'podman', 'podman.sock') },
    { name: 'this-computer-root', engine: 'podman', path: join(root, 'run', 'podman', 'podman.sock') },
    { name: 'this-computer-docker', engine: 'docker', path: join(root, 'var', 'run', 'docker.sock') },
    { name: 'this-computer-docker-rootless', engine: 'docker', path: join(runtime, 'docker.sock') },
    { name: 'docker-desktop', engine: 'docker', path: join(home, '.docker', 'desktop', 'docker.sock') },
    { name: 'docker-desktop', engine: 'docker', path: join(home, '.docker', 'run', 'docker.sock') },
  ];
}

/** The sockets of podman machines on macOS. podman 4 and podman 5 put them in different folders. */
async function machineSockets({ env, home, platform, root }: SystemPaths): Promise<Socket[]> {
  if (platform !== 'darwin') {
    return [];
  }
  const podman4Folder = join(home, '.local', 'share', 'containers', 'podman', 'machine');
  const podman5Folder = join(env.TMPDIR || join(root, 'tmp'), 'podman');
  const list = async (folder: string) => (await readdir(folder).catch((): string[] => [])).sort();
  const machine = (name: string, path: string): Socket => ({ name, path, engine: 'podman', notes: [machineNote] });
  return [
    ...(await list(podman5Folder)).flatMap((file) =>
      file.endsWith('-api.sock') ? [machine(file.slice(0, -'-api.sock'.length), join(podman5Folder, file))] : [],
    ),
    ...(await list(podman4Folder)).map((name) => machine(name, join(podman4Folder, name, 'podman.sock'))),
  ];
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
