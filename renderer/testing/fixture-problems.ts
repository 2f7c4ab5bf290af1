import type { CheckStep, Fix } from '../../shared/check.ts';
import { fail, type Problem, type ProblemCode } from '../../shared/problem.ts';

/** Whose trouble it is. */
export interface Troubled {
  /** As problems call it: `pi4`, or `pi4: jump host bastion.example.com`. */
  readonly name: string;
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/** What a stage says when it warns or fails. */
export type Trouble = Pick<CheckStep, 'stage' | 'said' | 'problem' | 'fixes'>;

const findEngine: Fix = { label: 'Find the engine by itself', where: 'node', fix: 'find-engine' };
const seeForwarding: Fix = {
  label: 'See what its sshd allows',
  command: 'sudo sshd -T | grep -i forwarding',
  where: 'node',
};

/** Texts that the app itself makes, in electron/ssh, electron/engine and electron/connection. */
export const troubles = {
  name: (it) => ({
    stage: 'name',
    ...problem(
      'ssh.unreachable',
      `Node ${it.name}: ${at(it)} is a name that no name server knows.`,
      `Check the spelling of the host: try ${byHand(it)}.`,
      `getaddrinfo ENOTFOUND ${it.host}`,
    ),
    fixes: [tryIt(it)],
  }),
  'name-circle': (it) => ({
    stage: 'name',
    ...problem(
      'ssh.config',
      `Node ${it.name}: the way there goes through more than 8 jump hosts.`,
      `ProxyJump of the SSH configuration may go in a circle: see \`barnraiser connection resolve ${it.host}\`.`,
    ),
    fixes: [
      {
        label: 'See what the SSH configuration says',
        command: `barnraiser connection resolve ${it.host}`,
        where: 'here',
      },
    ],
  }),
  port: (it) => ({
    stage: 'port',
    ...problem(
      'ssh.unreachable',
      `Node ${it.name}: ${at(it)} refused the connection.`,
      `Check that its SSH server runs and listens on this port: try ${byHand(it)}.`,
      `connect ECONNREFUSED ${at(it)}`,
    ),
    fixes: [tryIt(it)],
  }),
  'port-silent': (it) => ({
    stage: 'port',
    ...problem(
      'ssh.timeout',
      `Node ${it.name}: ${at(it)} did not accept a TCP connection within 15 s.`,
      `Check that it is switched on and that no firewall is in the way: try ${byHand(it)}.`,
    ),
    fixes: [tryIt(it)],
  }),
  'port-command': (it) => ({
    stage: 'port',
    ...problem(
      'ssh.unreachable',
      `Node ${it.name}: the ProxyCommand \`aws ssm start-session --region eu-central-1 --target i-0abc1234def567890 --do…\` ended with exit code 254 before the SSH handshake was over.`,
      `Run it by hand to see what is wrong with it, or try \`ssh ${it.host}\`.`,
      'An error occurred (ExpiredTokenException) when calling the StartSession operation: The security token included in the request is expired',
    ),
    fixes: [{ label: 'Try it with ssh', command: `ssh ${it.host}`, where: 'here' }],
  }),
  'host-key-unknown': (it) => ({
    stage: 'host-key',
    ...problem(
      'ssh.host-key-unknown',
      `${shows(it)}, which this computer does not know.`,
      'Compare the fingerprint with that of the machine itself (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` there). If it is the same, trust it: answer yes, or use `--accept-new-host-keys`.',
    ),
    fixes: [
      {
        label: 'Show its host key there',
        command: 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
        where: 'node',
      },
    ],
  }),
  'host-key': (it) => ({
    stage: 'host-key',
    ...problem(
      'ssh.host-key-changed',
      `${shows(it)}, but SHA256:9sD2fG4hJ3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx (ssh-ed25519, /home/anna/.ssh/known_hosts:14) is recorded for it.`,
      `Somebody may be listening in, or the machine was set up anew. Only if you know that it was, forget the old key with \`${forget(it)}\` and connect again.`,
    ),
    fixes: [{ label: 'Forget the recorded key', command: forget(it), where: 'here' }],
  }),
  'host-key-revoked': (it) => ({
    stage: 'host-key',
    ...problem(
      'ssh.host-key-revoked',
      `${shows(it)}, which is revoked in /etc/ssh/ssh_known_hosts:3.`,
      'Do not use this machine until its host key has been replaced: whoever revoked the key holds it for stolen.',
    ),
    fixes: [],
  }),
  'host-key-unreadable': () => ({
    stage: 'host-key',
    ...problem(
      'ssh.known-hosts',
      'The known host keys in /home/anna/.ssh/known_hosts could not be read.',
      'Make it a file that you can read: `ls -l /home/anna/.ssh/known_hosts` shows its permissions.',
      "EACCES: permission denied, open '/home/anna/.ssh/known_hosts'",
    ),
    fixes: [{ label: 'See who may read it', command: 'ls -l /home/anna/.ssh/known_hosts', where: 'here' }],
  }),
  'sign-in': (it) => ({
    stage: 'sign-in',
    ...problem(
      'ssh.authentication',
      `Node ${it.name}: ${at(it)} did not let user ${it.user} in. Tried: the key file ~/.ssh/id_farm, the agent's key anna@laptop, a password that was asked for. It accepts publickey, password and keyboard-interactive.`,
      `Check that ${it.user} is the right user there, or copy your public key there with \`${copyKey(it)}\`, or name the right key as the connection's identity.`,
      'The agent holds 2 more keys that were not tried: the server allows 6 attempts.',
    ),
    fixes: [{ label: 'Copy your key there', command: copyKey(it), where: 'here' }],
  }),
  'sign-in-given-up': (it) => ({
    stage: 'sign-in',
    ...problem(
      'ssh.cancelled',
      `Node ${it.name}: the password of ${it.user} on ${it.host} was not given.`,
      `Connect again and give it, or copy a key there with \`${copyKey(it)}\`: then nobody is asked.`,
    ),
    fixes: [{ label: 'Copy your key there', command: copyKey(it), where: 'here' }],
  }),
  'sign-in-key-file': () => ({
    stage: 'sign-in',
    ...problem(
      'ssh.identity',
      'The identity file /home/anna/.ssh/id_farm is no private key that can be used.',
      'If `ssh-keygen -y -f /home/anna/.ssh/id_farm` can read it, convert it with `ssh-keygen -p -f /home/anna/.ssh/id_farm`. Otherwise name another file.',
    ),
    fixes: [],
  }),
  socket: (it) => ({
    stage: 'socket',
    ...problem(
      'engine.no-socket',
      `Node ${it.name}: no podman socket at /run/user/1000/podman/podman.sock.`,
      'Start it with `systemctl --user enable --now podman.socket`, and let it live without a login with `loginctl enable-linger`.',
    ),
    fixes: [
      {
        label: 'Enable the socket',
        command: 'loginctl enable-linger && systemctl --user enable --now podman.socket',
        where: 'node',
        fix: 'enable-socket',
      },
      findEngine,
    ],
  }),
  'socket-denied': (it) => ({
    stage: 'socket',
    ...problem(
      'engine.no-socket',
      `Node ${it.name}: the socket /var/run/docker.sock is there, but this user may not use it.`,
      'Add the user to the docker group with `sudo usermod -aG docker $USER`, and sign in anew.',
    ),
    fixes: [
      { label: 'Let this user use docker', command: `sudo usermod -aG docker ${it.user}`, where: 'node' },
      findEngine,
    ],
  }),
  'socket-dead': (it) => ({
    stage: 'socket',
    ...problem(
      'engine.no-socket',
      `Node ${it.name}: nobody listens on the socket /run/podman/podman.sock.`,
      'Start the engine with `sudo systemctl enable --now podman.socket`.',
    ),
    fixes: [
      {
        label: 'Start the service',
        command: 'systemctl restart podman.socket podman.service',
        where: 'node',
        fix: 'start-service',
      },
      findEngine,
    ],
  }),
  'socket-nowhere': (it) => ({
    stage: 'socket',
    ...problem(
      'engine.no-socket',
      `Node ${it.name}: no podman or docker socket was found in the usual places.`,
      'Install podman there, or where the engine has its socket elsewhere put the path into the connection: ssh://user@host/path/to.sock.',
    ),
    fixes: [{ label: 'Install podman', command: 'sudo apt-get install podman', where: 'node' }],
  }),
  engine: (it) => ({
    stage: 'engine',
    ...problem(
      'engine.unsupported',
      `Node ${it.name} has podman 3.4.4, which is too old to build with.`,
      'Update podman on it to 4.0 or newer.',
    ),
    fixes: [findEngine],
  }),
  'engine-other': (it) => ({
    stage: 'engine',
    ...problem(
      'engine.answer',
      `Node ${it.name}: what answers at /run/user/1000/podman/podman.sock is no container engine.`,
      'Check the path of the socket in the connection.',
    ),
    fixes: [findEngine],
  }),
  'engine-silent': (it) => ({
    stage: 'engine',
    ...problem(
      'engine.unreachable',
      `Node ${it.name}: the engine did not answer GET /_ping within 30 s.`,
      'The machine may be overloaded, or its engine stuck: look at it there, then try again.',
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
  'engine-linger': (it) => ({
    stage: 'engine',
    said: 'podman 5.4.2, rootless',
    ...problem(
      'engine.linger',
      `Node ${it.name}: the engine of ${it.user} ends when ${it.user} is no longer signed in, and builds with it.`,
      'Let it live without a login: `loginctl enable-linger` there. Until then a line that breaks may end a build.',
    ),
    fixes: [
      { label: 'Let it live without a login', command: 'loginctl enable-linger', where: 'node', fix: 'enable-linger' },
    ],
  }),
  platforms: (it) => ({
    stage: 'platforms',
    ...problem(
      'ssh.lost',
      `Node ${it.name}: the SSH connection was lost.`,
      'Check that the node is up and that the network holds, then try again.',
    ),
    fixes: [],
  }),
  emulation: (it) => ({
    stage: 'emulation',
    said: 'none',
    ...problem(
      'engine.emulation',
      `Node ${it.name} has emulators for linux/amd64, linux/riscv64 and linux/s390x, and the kernel knows none of them.`,
      'Register them as root: `systemctl restart systemd-binfmt`.',
    ),
    fixes: [
      {
        label: 'Register the emulators',
        command: 'systemctl restart systemd-binfmt',
        where: 'node',
        fix: 'load-binfmt',
      },
    ],
  }),
  'emulation-flag': (it) => ({
    stage: 'emulation',
    said: 'none',
    ...problem(
      'engine.emulation',
      `Node ${it.name} has emulators for linux/amd64 and linux/386 that no container can use: they are registered without flag F.`,
      'Install emulators that are one static program each, which are registered with flag F.',
    ),
    fixes: [{ label: 'Install emulators', command: 'sudo apt-get install qemu-user-static', where: 'node' }],
  }),
  disk: (it) => ({
    stage: 'disk',
    said: '900 MB of 118 GB free',
    ...problem(
      'engine.disk-low',
      `Node ${it.name} has only 900 MB of 118 GB free where its images are stored.`,
      'Remove what is no longer needed there: `podman image prune`.',
    ),
    fixes: [
      {
        label: 'Remove dangling images and build caches',
        command: 'podman image prune --force',
        where: 'node',
        fix: 'prune',
      },
    ],
  }),
  forwarding: (it) => ({
    stage: 'forwarding',
    said: 'through `podman system dial-stdio`',
    ...problem(
      'ssh.forwarding-refused',
      `Node ${it.name} forwards no connections to /run/user/1000/podman/podman.sock, so that each takes a command there.`,
      'It works, and is slower: see that neither `AllowStreamLocalForwarding` nor `AllowTcpForwarding` is `no` in its sshd_config.',
    ),
    fixes: [seeForwarding],
  }),
  'forwarding-refused': (it) => ({
    stage: 'forwarding',
    ...problem(
      'ssh.forwarding-refused',
      `Node ${it.name} forwards no connections to /run/user/1000/podman/podman.sock, and \`podman system dial-stdio\` does not lead there either.`,
      'Set `AllowStreamLocalForwarding yes` in its sshd_config, or install the podman or docker command there.',
      'sh: 1: podman: not found',
    ),
    fixes: [seeForwarding],
  }),
  return: (it) => ({
    stage: 'return',
    said: 'images come back whole',
    ...problem(
      'ssh.forwarding-refused',
      `Node ${it.name} lets no port be forwarded back, so that images come back whole, which is slower.`,
      'Set `AllowTcpForwarding yes` (or `remote`) in its sshd_config, and look for `permitlisten` and `restrict` before the key in authorized_keys.',
    ),
    fixes: [seeForwarding],
  }),
} as const satisfies Readonly<Record<string, (it: Troubled) => Trouble>>;

export type TroubleName = keyof typeof troubles;
export const isTroubleName = (name: string): name is TroubleName => Object.hasOwn(troubles, name);

function problem(code: ProblemCode, message: string, fix: string, detail?: string): { readonly problem: Problem } {
  return { problem: fail(code, message, fix, detail).problem };
}

const at = ({ host, port }: Troubled): string => `${host}:${port}`;

function handCommand({ user, host, port }: Troubled): string {
  return `ssh ${port === 22 ? '' : `-p ${port} `}${user}@${host}`;
}

function byHand(it: Troubled): string {
  return `\`${handCommand(it)}\``;
}

function tryIt(it: Troubled): Fix {
  return { label: 'Try it with ssh', command: handCommand(it), where: 'here' };
}

function copyKey({ user, host, port }: Troubled): string {
  return `ssh-copy-id${port === 22 ? '' : ` -p ${port}`} ${user}@${host}`;
}

function shows(it: Troubled): string {
  return `Node ${it.name}: ${at(it)} shows the ssh-ed25519 host key SHA256:3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx9sD2fG4hJ`;
}

function forget({ host, port }: Troubled): string {
  return `ssh-keygen -R '${port === 22 ? host : `[${host}]:${port}`}' -f /home/anna/.ssh/known_hosts`;
}
