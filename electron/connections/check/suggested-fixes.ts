import type { Fix } from '../../../shared/check.ts';
import type { Destination } from '../../../shared/connection.ts';
import type { Problem } from '../../../shared/problem.ts';
import { isDocker, type SocketState } from '../../engines/transport/socket.ts';
import { type NodeFix, planFix, remedyFor } from './fix-commands.ts';
import type { NodeFacts } from './node-facts.ts';

/** What is done with the commands that problems name, by how they begin; longer beginnings first. */
const labels: readonly (readonly [start: string, label: string, where: Fix['where']])[] = [
  // alone, it says only what it is for
  ['ssh-copy-id ', 'Copy your key there', 'here'],
  ['ssh-add', 'Give the key to your agent', 'here'],
  ['ssh-keygen -R', 'Forget the recorded key', 'here'],
  ['ssh-keygen -l', 'Show its host key there', 'node'],
  ['ssh ', 'Try it with ssh', 'here'],
  ['barnraiser connection resolve', 'See what the SSH configuration says', 'here'],
  ['ls -l', 'See who may read it', 'here'],
  ['chmod', 'Make it readable for you only', 'here'],
  ['podman info', 'See what podman says', 'node'],
  ['systemctl status', 'See how the service is', 'node'],
  ['docker ps', 'See what docker says', 'node'],
  ['docker info', 'See what docker says', 'node'],
];

/** The commands that a problem names in its sentence of what to do, each with what it is good for. */
export function remediesNamedBy({ fix }: Problem): Fix[] {
  return [...fix.matchAll(/`([^`]+)`/g)].flatMap(([, command = '']) => {
    const found = labels.find(([start]) => command.startsWith(start));
    return found ? [{ label: found[1], command, where: found[2] }] : [];
  });
}

/** Ways out where the socket of a connection cannot be used, from what the node has. */
export function socketRemedies(
  destination: Destination,
  state: Exclude<SocketState, 'open'>,
  facts: NodeFacts | undefined,
): Fix[] {
  const where = placeOf(destination);
  const path = destination.kind === 'local' ? undefined : destination.socketPath;
  const find = path === undefined ? [] : [remedyFor('find-engine', undefined, where)];
  if (!facts) {
    return find;
  }
  const sudo = facts.uid === 0 ? '' : 'sudo ';
  const hasEngine = facts.commands.has('podman') || facts.commands.has('docker');
  if (path !== undefined && isDocker(path) && hasEngine) {
    const [label, command] =
      state === 'denied'
        ? ['Let this user use docker', `${sudo}usermod -aG docker ${facts.user}`]
        : ['Start docker', `${sudo}systemctl enable --now docker.socket`];
    return [{ label, command, where }, ...find];
  }
  if (!hasEngine) {
    const command = installCommand('podman', facts);
    return command === undefined ? [] : [{ label: 'Install podman', command, where }];
  }
  const isOwn = path === undefined || path.replace(/^\/var\/run\//, '/run/') === ownSocket(facts);
  const mend = state === 'dead' ? 'start-service' : 'enable-socket';
  return [...(isOwn && state !== 'denied' ? planned(mend, facts, where) : []), ...find];
}

/** Ways out where something answers at the socket, and not as an engine should. */
export function engineRemedies(destination: Destination, problem: Problem, facts: NodeFacts | undefined): Fix[] {
  const where = placeOf(destination);
  const hasPath = destination.kind !== 'local' && destination.socketPath !== undefined;
  const isOther = problem.code === 'engine.unsupported' || problem.code === 'engine.answer';
  const install = facts && !facts.commands.has('podman') ? installCommand('podman', facts) : undefined;
  return [
    ...(facts && problem.code === 'engine.unreachable' ? planned('start-service', facts, where) : []),
    ...(isOther && install !== undefined ? [{ label: 'Install podman', command: install, where }] : []),
    ...(isOther && hasPath && facts?.commands.has('podman') ? [remedyFor('find-engine', undefined, where)] : []),
    ...remediesNamedBy(problem),
  ];
}

/** A fix with the command that does it, where this user can do it on the node. */
export function planned(fix: NodeFix, facts: NodeFacts, where: Fix['where']): Fix[] {
  const plan = planFix(fix, facts);
  return plan ? [remedyFor(fix, plan.command, where)] : [];
}

/** The command that installs emulators for foreign programs, where it is known for the node's kind of system. */
export function installEmulators(facts: NodeFacts, where: Fix['where']): Fix[] {
  const command = installCommand('emulators', facts);
  return command === undefined ? [] : [{ label: 'Install emulators', command, where }];
}

/** On which machine a destination's commands are typed. */
export function placeOf(destination: Destination): Fix['where'] {
  return destination.kind === 'ssh' ? 'node' : 'here';
}

function ownSocket({ uid }: NodeFacts): string {
  return uid === 0 ? '/run/podman/podman.sock' : `/run/user/${uid}/podman/podman.sock`;
}

/** By package manager; one that an image-based system has beside others comes first. */
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
