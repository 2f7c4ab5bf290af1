import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineKind } from '../../../shared/node.ts';
import { runtimeFolder, type SystemPaths } from '../../system/system-paths.ts';

/** A socket, or on Windows a named pipe, at which an engine of this computer may listen. */
export interface LocalSocket {
  readonly name: string;
  readonly path: string;
  readonly engine: EngineKind;
  /** The engine runs in a virtual machine of podman or Docker Desktop. */
  readonly isInMachine?: boolean;
}

/** Where the engines of a computer listen, in the order in which they are tried: first podman, then docker, then BuildKit. */
export async function localSockets(paths: SystemPaths): Promise<readonly LocalSocket[]> {
  if (paths.platform === 'win32') {
    return pipes;
  }
  const { home, root } = paths;
  const runtime = runtimeFolder(paths);
  return [
    { name: 'this-computer', engine: 'podman', path: join(runtime, 'podman', 'podman.sock') },
    { name: 'this-computer-root', engine: 'podman', path: join(root, 'run', 'podman', 'podman.sock') },
    ...(await machineSockets(paths)),
    { name: 'this-computer-docker', engine: 'docker', path: join(root, 'var', 'run', 'docker.sock') },
    { name: 'this-computer-docker-rootless', engine: 'docker', path: join(runtime, 'docker.sock') },
    desktopSocket(join(home, '.docker', 'desktop', 'docker.sock')),
    desktopSocket(join(home, '.docker', 'run', 'docker.sock')),
    { name: 'this-computer-buildkit', engine: 'buildkit', path: join(root, 'run', 'buildkit', 'buildkitd.sock') },
    { name: 'this-computer-buildkit-rootless', engine: 'buildkit', path: join(runtime, 'buildkit', 'buildkitd.sock') },
  ];
}

const pipes: readonly LocalSocket[] = [
  { name: 'podman-machine', engine: 'podman', path: '\\\\.\\pipe\\podman-machine-default', isInMachine: true },
  { name: 'docker-desktop', engine: 'docker', path: '\\\\.\\pipe\\dockerDesktopLinuxEngine', isInMachine: true },
  { name: 'this-computer-docker', engine: 'docker', path: '\\\\.\\pipe\\docker_engine' },
];

function desktopSocket(path: string): LocalSocket {
  return { name: 'docker-desktop', engine: 'docker', path, isInMachine: true };
}

/** The sockets of podman machines on macOS. podman 4 and podman 5 put them in different folders. */
async function machineSockets({ env, home, platform, root }: SystemPaths): Promise<LocalSocket[]> {
  if (platform !== 'darwin') {
    return [];
  }
  const podman4Folder = join(home, '.local', 'share', 'containers', 'podman', 'machine');
  const podman5Folder = join(env.TMPDIR || join(root, 'tmp'), 'podman');
  const list = async (folder: string) => (await readdir(folder).catch((): string[] => [])).sort();
  const machine = (name: string, path: string): LocalSocket => ({ name, path, engine: 'podman', isInMachine: true });
  return [
    ...(await list(podman5Folder)).flatMap((file) =>
      file.endsWith('-api.sock') ? [machine(file.slice(0, -'-api.sock'.length), join(podman5Folder, file))] : [],
    ),
    ...(await list(podman4Folder)).map((name) => machine(name, join(podman4Folder, name, 'podman.sock'))),
  ];
}
