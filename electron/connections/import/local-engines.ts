import { readdir, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { runtimeFolder, type SystemPaths } from '../../system/system-paths.ts';
import { type Found, type FoundEngine, nothing } from './found.ts';
import { machineNote } from './podman-settings.ts';
import { stateOf } from './read-text.ts';

interface Socket {
  readonly name: string;
  readonly path: string;
  readonly engine: 'podman' | 'docker';
  readonly notes?: readonly string[];
}

/** The engines of this computer, by their sockets; and where podman has none but is installed, by its command. Nothing is run. */
export async function findLocalEngines(places: SystemPaths): Promise<Found> {
  // Windows' engines listen at named pipes, which are no sockets
  if (places.platform === 'win32') {
    return nothing('local');
  }
  const engines: FoundEngine[] = [];
  let hasPodman = false;
  for (const { name, path, engine, notes = [] } of [...usualSockets(places), ...(await machineSockets(places))]) {
    const state = await stateOf(path, 'socket');
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
  // on macOS the command only speaks to a machine, which has a socket of its own
  if (!hasPodman && places.platform === 'linux' && (await isInstalled('podman', places))) {
    engines.unshift({ name: 'this-computer', uri: 'local:', path: 'podman' });
  }
  return { source: 'local', engines, farms: [], notes: [] };
}

function usualSockets(places: SystemPaths): Socket[] {
  const { home, root } = places;
  const runtime = runtimeFolder(places);
  return [
    { name: 'this-computer', engine: 'podman', path: join(runtime, 'podman', 'podman.sock') },
    { name: 'this-computer-root', engine: 'podman', path: join(root, 'run', 'podman', 'podman.sock') },
    { name: 'this-computer-docker', engine: 'docker', path: join(root, 'var', 'run', 'docker.sock') },
    { name: 'this-computer-docker-rootless', engine: 'docker', path: join(runtime, 'docker.sock') },
    { name: 'docker-desktop', engine: 'docker', path: join(home, '.docker', 'desktop', 'docker.sock') },
    { name: 'docker-desktop', engine: 'docker', path: join(home, '.docker', 'run', 'docker.sock') },
  ];
}

/** Podman machines of macOS, which podman 4 and 5 give sockets in different places. */
async function machineSockets({ env, home, platform, root }: SystemPaths): Promise<Socket[]> {
  if (platform !== 'darwin') {
    return [];
  }
  const old = join(home, '.local', 'share', 'containers', 'podman', 'machine');
  const recent = join(env.TMPDIR || join(root, 'tmp'), 'podman');
  const list = (folder: string) => readdir(folder).catch((): string[] => []);
  const machine = (name: string, path: string): Socket => ({ name, path, engine: 'podman', notes: [machineNote] });
  return [
    ...(await list(recent))
      .sort()
      .flatMap((file) => (file.endsWith('-api.sock') ? [machine(file.slice(0, -9), join(recent, file))] : [])),
    ...(await list(old)).sort().map((name) => machine(name, join(old, name, 'podman.sock'))),
  ];
}

function forbiddenNote(path: string): string {
  return `Your user may not use ${path}. Join its group with \`sudo usermod -aG docker $USER\` and log in again.`;
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
