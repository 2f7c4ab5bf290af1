import type { CheckStep, Fix } from '../../shared/check.ts';
import { fail, type Problem, type ProblemCode } from '../../shared/problem.ts';

/** The host that a problem is about. */
export interface ProblemHost {
  /** The name in problems: `pi4`, or `pi4: jump host bastion.example.com`. */
  readonly name: string;
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/** A step that warned or failed. */
export type ProblemStep = Pick<CheckStep, 'stage' | 'finding' | 'problem' | 'fixes'>;

const detectEngine: Fix = { label: 'Detect the engine automatically', where: 'node', fix: 'find-engine' };
const showForwarding: Fix = {
  label: "Show sshd's forwarding settings",
  command: 'sudo sshd -T | grep -i forwarding',
  where: 'node',
};

/** Problems of check steps by name. The texts are those of electron/ssh, electron/engines and electron/connections. */
export const fixtureProblems = {
  name: (host) => ({
    stage: 'name',
    ...problem(
      'ssh.unreachable',
      `Node ${host.name}: ${at(host)} was not found (DNS lookup failed).`,
      `Check the spelling of the host name. ${testBy(host)}`,
      `getaddrinfo ENOTFOUND ${host.host}`,
    ),
    fixes: [tryWithSsh(host)],
  }),
  'name-circle': (host) => ({
    stage: 'name',
    ...problem(
      'ssh.config',
      `Node ${host.name}: its route has more than 16 jump hosts.`,
      `The ProxyJump settings of the SSH configuration may form a circle: see \`barnraiser connection resolve ${host.host}\`.`,
    ),
    fixes: [
      {
        label: 'Show the SSH configuration',
        command: `barnraiser connection resolve ${host.host}`,
        where: 'here',
      },
    ],
  }),
  port: (host) => ({
    stage: 'port',
    ...problem(
      'ssh.unreachable',
      `Node ${host.name}: ${at(host)} refused the connection.`,
      `Check that its SSH server is running and listens on this port. ${testBy(host)}`,
      `connect ECONNREFUSED ${at(host)}`,
    ),
    fixes: [tryWithSsh(host)],
  }),
  'port-silent': (host) => ({
    stage: 'port',
    ...problem(
      'ssh.timeout',
      `Node ${host.name}: ${at(host)} did not accept a TCP connection within 15 s.`,
      `Check that the machine is switched on and that no firewall blocks the port. ${testBy(host)}`,
    ),
    fixes: [tryWithSsh(host)],
  }),
  'port-command': (host) => ({
    stage: 'port',
    ...problem(
      'ssh.unreachable',
      `Node ${host.name}: the ProxyCommand \`aws ssm start-session --region eu-central-1 --target i-0abc1234def567890 --do…\` ended with exit code 254 before the SSH handshake was complete.`,
      `Run it yourself to see what is wrong with it, or try \`ssh ${host.host}\`.`,
      'An error occurred (ExpiredTokenException) when calling the StartSession operation: The security token included in the request is expired',
    ),
    fixes: [{ label: 'Try it with ssh', command: `ssh ${host.host}`, where: 'here' }],
  }),
  'host-key-unknown': (host) => ({
    stage: 'host-key',
    ...problem(
      'ssh.host-key-unknown',
      `${showsHostKey(host)}, which this computer does not know.`,
      'Compare the fingerprint with the one that `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints on the machine itself. If they match, trust the key: answer yes, or use `--accept-new-host-keys`.',
    ),
    fixes: [
      {
        label: "Show the host's own key",
        command: 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
        where: 'node',
      },
    ],
  }),
  'host-key': (host) => ({
    stage: 'host-key',
    ...problem(
      'ssh.host-key-changed',
      `${showsHostKey(host)}, but the recorded key is SHA256:9sD2fG4hJ3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx (ssh-ed25519, /home/anna/.ssh/known_hosts:14).`,
      `Someone may be intercepting the connection, or the machine was reinstalled. Only if you know that it was reinstalled, remove the old key with \`${removeKeyCommand(host)}\` and connect again.`,
    ),
    fixes: [{ label: 'Remove the recorded key', command: removeKeyCommand(host), where: 'here' }],
  }),
  'host-key-revoked': (host) => ({
    stage: 'host-key',
    ...problem(
      'ssh.host-key-revoked',
      `${showsHostKey(host)}, which is revoked in /etc/ssh/ssh_known_hosts:3.`,
      'Do not use this machine until its host key has been replaced. A revoked key may have been stolen.',
    ),
    fixes: [],
  }),
  'host-key-unreadable': () => ({
    stage: 'host-key',
    ...problem(
      'ssh.known-hosts',
      'The known host keys in /home/anna/.ssh/known_hosts could not be read.',
      'Make it a file that you can read. `ls -l /home/anna/.ssh/known_hosts` shows its permissions.',
      "EACCES: permission denied, open '/home/anna/.ssh/known_hosts'",
    ),
    fixes: [{ label: 'Show the file permissions', command: 'ls -l /home/anna/.ssh/known_hosts', where: 'here' }],
  }),
  'sign-in': (host) => ({
    stage: 'sign-in',
    ...problem(
      'ssh.authentication',
      `Node ${host.name}: ${at(host)} refused to sign in user ${host.user}. Tried: the key file ~/.ssh/id_farm, the agent's key anna@laptop, a password. The server accepts publickey, password and keyboard-interactive.`,
      `Check that ${host.user} is the right user, or copy your public key to the node with \`${copyKeyCommand(host)}\`, or choose another key as the connection's identity.`,
      'The agent holds 2 more keys that were not tried: the server allows 6 attempts.',
    ),
    fixes: [{ label: 'Copy your key to the host', command: copyKeyCommand(host), where: 'here' }],
  }),
  'sign-in-given-up': (host) => ({
    stage: 'sign-in',
    ...problem(
      'ssh.cancelled',
      `Node ${host.name}: the password of ${host.user} on ${host.host} was not entered.`,
      `Connect again and enter it, or copy a key there with \`${copyKeyCommand(host)}\` so that Barnraiser need not ask.`,
    ),
    fixes: [{ label: 'Copy your key to the host', command: copyKeyCommand(host), where: 'here' }],
  }),
  'sign-in-key-file': () => ({
    stage: 'sign-in',
    ...problem(
      'ssh.identity',
      'The identity file /home/anna/.ssh/id_farm is not a private key that can be used.',
      'If `ssh-keygen -y -f /home/anna/.ssh/id_farm` can read it, convert it with `ssh-keygen -p -f /home/anna/.ssh/id_farm`. Otherwise choose another file.',
    ),
    fixes: [],
  }),
  socket: (host) => ({
    stage: 'socket',
    ...problem(
      'engine.no-socket',
      `Node ${host.name}: no podman socket at /run/user/1000/podman/podman.sock.`,
      'Start it with `systemctl --user enable --now podman.socket`, and keep it running without a login with `loginctl enable-linger`.',
    ),
    fixes: [
      {
        label: 'Enable the socket',
        command: 'loginctl enable-linger && systemctl --user enable --now podman.socket',
        where: 'node',
        fix: 'enable-socket',
      },
      detectEngine,
    ],
  }),
  'socket-denied': (host) => ({
    stage: 'socket',
    ...problem(
      'engine.no-socket',
      `Node ${host.name}: the socket /var/run/docker.sock exists, but this user is not allowed to use it.`,
      'Add the user to the docker group with `sudo usermod -aG docker $USER`, then sign in again.',
    ),
    fixes: [
      { label: 'Add this user to the docker group', command: `sudo usermod -aG docker ${host.user}`, where: 'node' },
      detectEngine,
    ],
  }),
  'socket-dead': (host) => ({
    stage: 'socket',
    ...problem(
      'engine.no-socket',
      `Node ${host.name}: no engine is listening on the socket /run/podman/podman.sock.`,
      'Start the engine with `sudo systemctl enable --now podman.socket`.',
    ),
    fixes: [
      {
        label: 'Start the service',
        command: 'systemctl restart podman.socket podman.service',
        where: 'node',
        fix: 'start-service',
      },
      detectEngine,
    ],
  }),
  'socket-nowhere': (host) => ({
    stage: 'socket',
    ...problem(
      'engine.no-socket',
      `Node ${host.name}: there is no podman or docker socket at the default paths.`,
      'Install podman on the node, or set the path of its socket in the connection: ssh://user@host/path/to.sock.',
    ),
    fixes: [{ label: 'Install podman', command: 'sudo apt-get install podman', where: 'node' }],
  }),
  engine: (host) => ({
    stage: 'engine',
    ...problem(
      'engine.unsupported',
      `Node ${host.name} runs podman 3.4.4, which is too old.`,
      'Update podman on the node to 4.0 or newer.',
    ),
    fixes: [detectEngine],
  }),
  'engine-other': (host) => ({
    stage: 'engine',
    ...problem(
      'engine.answer',
      `Node ${host.name}: the service at /run/user/1000/podman/podman.sock is not a container engine.`,
      "Set the path of the engine's socket in the connection, for example ssh://user@host/run/podman/podman.sock or ssh://user@host/var/run/docker.sock.",
    ),
    fixes: [detectEngine],
  }),
  'engine-silent': (host) => ({
    stage: 'engine',
    ...problem(
      'engine.unreachable',
      `Node ${host.name}: the engine did not respond to GET /_ping within 30 s.`,
      'The machine may be overloaded or its engine stuck. Check the machine, then try again.',
    ),
    fixes: [
      {
        label: 'Start the service',
        command: 'systemctl --user restart podman.socket podman.service',
        where: 'node',
        fix: 'start-service',
      },
    ],
  }),
  'engine-linger': (host) => ({
    stage: 'engine',
    finding: 'podman 5.4.2, rootless',
    ...problem(
      'engine.linger',
      `Node ${host.name}: the engine of ${host.user} stops when ${host.user} logs out, and builds stop with it.`,
      'Keep it running after logout: `loginctl enable-linger` on the node. Until then, a lost connection may end a build.',
    ),
    fixes: [
      {
        label: 'Keep the engine running after logout',
        command: 'loginctl enable-linger',
        where: 'node',
        fix: 'enable-linger',
      },
    ],
  }),
  platforms: (host) => ({
    stage: 'platforms',
    ...problem(
      'ssh.lost',
      `Node ${host.name}: the SSH connection was lost.`,
      'Check that the node is up and that the network is stable, then try again.',
    ),
    fixes: [],
  }),
  emulation: (host) => ({
    stage: 'emulation',
    finding: 'none',
    ...problem(
      'engine.emulation',
      `Node ${host.name} has emulators for linux/amd64, linux/riscv64 and linux/s390x, but they are not registered with the kernel.`,
      'Register them as root: `systemctl restart systemd-binfmt`.',
    ),
    fixes: [
      {
        label: 'Register emulators',
        command: 'systemctl restart systemd-binfmt',
        where: 'node',
        fix: 'load-binfmt',
      },
    ],
  }),
  'emulation-flag': (host) => ({
    stage: 'emulation',
    finding: 'none',
    ...problem(
      'engine.emulation',
      `Node ${host.name} has emulators for linux/amd64 and linux/386 that containers cannot use: they are registered without flag F.`,
      'Install statically linked emulators, which are registered with flag F.',
    ),
    fixes: [{ label: 'Install emulators', command: 'sudo apt-get install qemu-user-static', where: 'node' }],
  }),
  disk: (host) => ({
    stage: 'disk',
    finding: '900 MB of 118 GB free',
    ...problem(
      'engine.disk-low',
      `Node ${host.name} has only 900 MB of 118 GB free where it stores images.`,
      'Remove what is no longer needed there: `podman image prune`.',
    ),
    fixes: [
      {
        label: 'Remove dangling images and build cache',
        command: 'podman image prune --force',
        where: 'node',
        fix: 'prune',
      },
    ],
  }),
  forwarding: (host) => ({
    stage: 'forwarding',
    finding: 'via `podman system dial-stdio`',
    ...problem(
      'ssh.forwarding-refused',
      `Node ${host.name} does not forward connections to /run/user/1000/podman/podman.sock, so each connection runs a command there.`,
      'This works, but is slower. Make sure that neither `AllowStreamLocalForwarding` nor `AllowTcpForwarding` is `no` in its sshd_config.',
    ),
    fixes: [showForwarding],
  }),
  'forwarding-refused': (host) => ({
    stage: 'forwarding',
    ...problem(
      'ssh.forwarding-refused',
      `Node ${host.name} does not forward connections to /run/user/1000/podman/podman.sock, and \`podman --url unix:///run/user/1000/podman/podman.sock system dial-stdio\` cannot reach it either.`,
      'Set `AllowStreamLocalForwarding yes` in its sshd_config, or install the podman or docker command on the node.',
      'sh: 1: podman: not found',
    ),
    fixes: [showForwarding],
  }),
  'reverse-forwarding': (host) => ({
    stage: 'reverse-forwarding',
    finding: 'images are exported whole',
    ...problem(
      'ssh.forwarding-refused',
      `Node ${host.name} does not allow reverse port forwarding, so images are exported whole, which is slower.`,
      'Set `AllowTcpForwarding yes` (or `remote`) in its sshd_config, and check for `permitlisten` and `restrict` in front of the key in authorized_keys.',
    ),
    fixes: [showForwarding],
  }),
} as const satisfies Readonly<Record<string, (host: ProblemHost) => ProblemStep>>;

export type FixtureProblemName = keyof typeof fixtureProblems;
export const isFixtureProblemName = (name: string): name is FixtureProblemName => Object.hasOwn(fixtureProblems, name);

function problem(code: ProblemCode, message: string, fix: string, detail?: string): { readonly problem: Problem } {
  return { problem: fail(code, message, fix, detail).problem };
}

const at = ({ host, port }: ProblemHost): string => `${host}:${port}`;

function sshCommand({ user, host, port }: ProblemHost): string {
  return `ssh ${port === 22 ? '' : `-p ${port} `}${user}@${host}`;
}

function testBy(host: ProblemHost): string {
  return `To test the connection, run \`${sshCommand(host)}\`.`;
}

function tryWithSsh(host: ProblemHost): Fix {
  return { label: 'Try it with ssh', command: sshCommand(host), where: 'here' };
}

function copyKeyCommand({ user, host, port }: ProblemHost): string {
  return `ssh-copy-id${port === 22 ? '' : ` -p ${port}`} ${user}@${host}`;
}

function showsHostKey(host: ProblemHost): string {
  return `Node ${host.name}: ${at(host)} shows the ssh-ed25519 host key SHA256:3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx9sD2fG4hJ`;
}

function removeKeyCommand({ host, port }: ProblemHost): string {
  return `ssh-keygen -R '${port === 22 ? host : `[${host}]:${port}`}' -f /home/anna/.ssh/known_hosts`;
}
