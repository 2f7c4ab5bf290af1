import type { Fix } from '../../../shared/check.ts';
import { type Destination, socketPathOf } from '../../../shared/connection.ts';
import type { Problem } from '../../../shared/problem.ts';
import {
  dockerSocket,
  engineOfSocket,
  isRootlessSocket,
  type SocketState,
} from '../../engines/transport/engine-socket.ts';
import { fixCommandFor, makeFix, type NodeFixId } from './fix-commands.ts';
import type { NodeFacts } from './node-facts.ts';

/** Labels of the commands that problems name, by how the command starts. Longer starts come first. */
const commandLabels: readonly (readonly [start: string, label: string, where: Fix['where']])[] = [
  // with the space: without arguments, a sentence only mentions the program
  ['ssh-copy-id ', 'Copy your key to the host', 'here'],
  ['ssh-add', 'Add the key to your agent', 'here'],
  ['ssh-keygen -R', 'Remove the recorded key', 'here'],
  ['ssh-keygen -l', "Show the host's own key", 'node'],
  ['ssh -G ', 'Show the SSH configuration', 'here'],
  ['ssh ', 'Try it with ssh', 'here'],
  ['ls -l', 'Show the file permissions', 'here'],
  ['chmod', 'Make it readable only for you', 'here'],
  ['podman info', 'Show what podman reports', 'node'],
  ['systemctl status', 'Show the service status', 'node'],
  ['docker ps --all', 'List the containers', 'node'],
  ['podman ps --all', 'List the containers', 'node'],
  ['docker start', 'Start the container', 'node'],
  ['podman start', 'Start the container', 'node'],
  ['docker logs', 'Show the log of buildkitd', 'node'],
  ['podman logs', 'Show the log of buildkitd', 'node'],
  ['kubectl get pods', 'List the pods', 'here'],
  ['kubectl get namespaces', 'List the namespaces', 'here'],
  ['kubectl describe pod', 'Show the state of the pod', 'here'],
  ['kubectl config', 'List the contexts of kubectl', 'here'],
  ['kubectl cluster-info', 'Show the address of the cluster', 'here'],
  ['kubectl version', 'Show the version of kubectl', 'here'],
  ['openssl pkey', 'Save the key without a passphrase', 'here'],
  ['docker ps', 'Show what docker reports', 'node'],
  ['docker info', 'Show what docker reports', 'node'],
];

/** The commands that a problem names in its `fix`, each with a label. */
export function fixesNamedIn({ fix }: Problem): Fix[] {
  return [...fix.matchAll(/`([^`]+)`/g)].flatMap(([, command = '']) => {
    const match = commandLabels.find(([start]) => command.startsWith(start));
    return match ? [{ label: match[1], command, where: match[2] }] : [];
  });
}

/** Fixes for a connection whose socket cannot be used. Without `facts` the node could not be examined. */
export function socketFixes(
  destination: Destination,
  state: Exclude<SocketState, 'open'>,
  facts: NodeFacts | undefined,
): Fix[] {
  const where = commandLocation(destination);
  const path = socketPathOf(destination);
  const detect = path === undefined ? [] : [makeFix('find-engine', undefined, where)];
  if (!facts) {
    return detect;
  }
  const hasEngine = facts.commands.has('podman') || facts.commands.has('docker');
  const searched = searchedSocket(destination, facts);
  if (searched !== undefined && engineOfSocket(searched) === 'buildkit') {
    return [...buildKitFixes(searched, state, facts, where), ...detect];
  }
  if (searched !== undefined && engineOfSocket(searched) === 'docker' && hasEngine) {
    return [...dockerFixes(searched, state, facts, where), ...detect];
  }
  if (!hasEngine) {
    const command = installCommand('podman', facts);
    return command === undefined ? [] : [{ label: 'Install podman', command, where }];
  }
  const isOwnSocket = path === undefined || path.replace(/^\/var\/run\//, '/run/') === defaultSocket(facts);
  const fix = state === 'dead' ? 'start-service' : 'enable-socket';
  return [...(isOwnSocket && state !== 'denied' ? commandFixes(fix, facts, where) : []), ...detect];
}

/** The socket that a connection needs. Without a path in its URI: docker's, if the node has no podman. */
export function searchedSocket(destination: Destination, { commands }: NodeFacts): string | undefined {
  const path = socketPathOf(destination);
  return path ?? (commands.has('docker') && !commands.has('podman') ? dockerSocket : undefined);
}

/** Commands that need root and a decision, so they are only shown. The socket of another user is left alone. */
function dockerFixes(
  path: string,
  state: Exclude<SocketState, 'open'>,
  { uid, user, hasSystemd }: NodeFacts,
  where: Fix['where'],
): Fix[] {
  const sudo = uid === 0 ? '' : 'sudo ';
  if (isRootlessSocket(path)) {
    const isOwn = path.startsWith(`/run/user/${uid}/`);
    return isOwn && state !== 'denied' && hasSystemd
      ? [{ label: 'Start docker', command: 'systemctl --user enable --now docker', where }]
      : [];
  }
  if (state === 'denied') {
    return [{ label: 'Add this user to the docker group', command: `${sudo}usermod -aG docker ${user}`, where }];
  }
  const start = hasSystemd
    ? `systemctl ${state === 'dead' ? 'restart docker.socket docker.service' : 'enable --now docker.socket'}`
    : 'service docker start';
  return [{ label: 'Start docker', command: `${sudo}${start}`, where }];
}

/** As for docker. A daemon has no group that its users are in, unless it is started with one. */
function buildKitFixes(
  path: string,
  state: Exclude<SocketState, 'open'>,
  { uid, hasSystemd }: NodeFacts,
  where: Fix['where'],
): Fix[] {
  const isOthers = isRootlessSocket(path) && !path.startsWith(`/run/user/${uid}/`);
  if (state === 'denied' || !hasSystemd || isOthers) {
    return [];
  }
  const user = isRootlessSocket(path) ? '--user ' : '';
  const sudo = uid === 0 || user !== '' ? '' : 'sudo ';
  const start = state === 'dead' ? 'restart' : 'enable --now';
  return [{ label: 'Start BuildKit', command: `${sudo}systemctl ${user}${start} buildkit`, where }];
}

/** Fixes for a socket that accepts connections, but behind which no usable engine answers. */
export function engineFixes(destination: Destination, problem: Problem, facts: NodeFacts | undefined): Fix[] {
  const where = commandLocation(destination);
  const hasPath = socketPathOf(destination) !== undefined;
  const isWrongEngine = problem.code === 'engine.unsupported' || problem.code === 'engine.answer';
  const install = facts && !facts.commands.has('podman') ? installCommand('podman', facts) : undefined;
  return [
    ...(facts && problem.code === 'engine.unreachable' ? commandFixes('start-service', facts, where) : []),
    ...(isWrongEngine && install !== undefined ? [{ label: 'Install podman', command: install, where }] : []),
    ...(isWrongEngine && hasPath && facts?.commands.has('podman') ? [makeFix('find-engine', undefined, where)] : []),
    ...fixesNamedIn(problem),
  ];
}

/** The fix with its command, or nothing if this user cannot apply it on the node. */
export function commandFixes(fix: NodeFixId, facts: NodeFacts, where: Fix['where']): Fix[] {
  const fixCommand = fixCommandFor(fix, facts);
  return fixCommand ? [makeFix(fix, fixCommand.command, where)] : [];
}

/** The command that installs emulators, or nothing if the node has no package manager that is known here. */
export function emulatorFixes(facts: NodeFacts, where: Fix['where']): Fix[] {
  const command = installCommand('emulators', facts);
  return command === undefined ? [] : [{ label: 'Install emulators', command, where }];
}

/** Where the commands for a destination are typed. */
export function commandLocation(destination: Destination): Fix['where'] {
  return destination.kind === 'local' || destination.kind === 'unix' ? 'here' : 'node';
}

function defaultSocket({ uid }: NodeFacts): string {
  return uid === 0 ? '/run/podman/podman.sock' : `/run/user/${uid}/podman/podman.sock`;
}

/** Install commands by package manager. Image-based systems may also have dnf, so rpm-ostree comes before it. */
const installers: readonly {
  readonly manager: string;
  readonly podman: string;
  readonly emulators: string;
}[] = [
  {
    manager: 'rpm-ostree',
    podman: 'rpm-ostree install --apply-live podman',
    emulators: 'rpm-ostree install --apply-live qemu-user-static',
  },
  { manager: 'dnf', podman: 'dnf install podman', emulators: 'dnf install qemu-user-static' },
  { manager: 'apt-get', podman: 'apt-get install podman', emulators: 'apt-get install qemu-user-static' },
  { manager: 'apk', podman: 'apk add podman', emulators: 'apk add qemu-openrc qemu-aarch64 qemu-x86_64' },
  { manager: 'zypper', podman: 'zypper install podman', emulators: 'zypper install qemu-linux-user' },
  {
    manager: 'pacman',
    podman: 'pacman -S podman',
    emulators: 'pacman -S qemu-user-static qemu-user-static-binfmt',
  },
];

function installCommand(what: 'podman' | 'emulators', { commands, uid }: NodeFacts): string | undefined {
  const installer = installers.find(({ manager }) => commands.has(manager));
  return installer && `${uid === 0 ? '' : 'sudo '}${installer[what]}`;
}
