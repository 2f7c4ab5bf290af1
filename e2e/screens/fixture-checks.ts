import { type Check, type Fix, type Remedy, type Rung, type Stage, stageSchema } from '../../shared/check.ts';
import { type Connection, parseDestination } from '../../shared/connection.ts';
import type { AppEvent } from '../../shared/contract.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { fail, type Problem } from '../../shared/problem.ts';

/** How checks and fixes go in the fixture. */
export interface CheckScene {
  /** The stage at which checks stop; without one a node that is down stops at its port, and others pass. */
  readonly failAt?: Stage | undefined;
  /** Stages that warn. */
  readonly warnAt?: readonly Stage[] | undefined;
  /** A check goes on for ever at this stage, until it is cancelled. */
  readonly holdAt?: Stage | undefined;
  readonly fix?: 'works' | 'fails' | 'holds' | undefined;
}

export const stages: readonly Stage[] = stageSchema.options;
const hopStages = stages.slice(0, 4);

/** How long a stage takes in the fixture, in milliseconds: long enough to see that rungs come one by one. */
const stageMs = 4;

const said: Readonly<Record<Stage, string>> = {
  name: '192.168.1.44',
  port: '22 is open',
  'host-key': 'ED25519 SHA256:3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx9sD2fG4hJ, known',
  'sign-in': 'as pi, by the key file ~/.ssh/id_farm',
  socket: '/run/user/1000/podman/podman.sock',
  engine: 'podman 5.4.2, API 5.4.2',
  platforms: 'linux/arm64',
  emulation: 'linux/amd64, linux/riscv64',
  disk: '41 of 118 GB free',
  forwarding: 'stream-local',
  return: 'port 40123 leads back here',
};
const tookMs: Readonly<Record<Stage, number>> = {
  name: 3,
  port: 14,
  'host-key': 46,
  'sign-in': 212,
  socket: 31,
  engine: 58,
  platforms: 1,
  emulation: 44,
  disk: 12,
  forwarding: 19,
  return: 27,
};

const problems: Readonly<Record<Stage, { readonly problem: Problem; readonly remedies: Remedy[] }>> = {
  name: {
    problem: {
      code: 'ssh.unreachable',
      message: 'Node pi4: no address is known for pi4.lan.',
      fix: 'Check the name. If it is right, look whether this computer’s network knows it: `getent hosts pi4.lan`.',
      detail: 'getaddrinfo ENOTFOUND pi4.lan',
    },
    remedies: [],
  },
  port: {
    problem: {
      code: 'ssh.timeout',
      message: 'Node pi4 did not answer at 192.168.1.44:22 in 15 s.',
      fix: 'Check that it is switched on and reachable: `ssh pi@192.168.1.44 true`.',
      detail: 'connect ETIMEDOUT 192.168.1.44:22',
    },
    remedies: [],
  },
  'host-key': {
    problem: {
      code: 'ssh.host-key-changed',
      message:
        'Node pi4 shows the key SHA256:9sD2fG4hJ3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx, and known_hosts has SHA256:3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx9sD2fG4hJ.',
      fix: 'Somebody may stand in between. If the machine was set up anew, forget the old key.',
    },
    remedies: [{ label: 'Forget the old key', command: 'ssh-keygen -R 192.168.1.44', where: 'here' }],
  },
  'sign-in': {
    problem: {
      code: 'ssh.authentication',
      message: 'Node pi4 let pi in with none of 3 keys.',
      fix: 'Put a public key of yours there, or choose another identity file.',
      detail: 'agent: ED25519 anna@laptop refused\n~/.ssh/id_farm refused\n~/.ssh/id_ed25519 refused',
    },
    remedies: [
      { label: 'Put your key there', command: 'ssh-copy-id -i ~/.ssh/id_farm pi@192.168.1.44', where: 'here' },
    ],
  },
  socket: {
    problem: {
      code: 'engine.no-socket',
      message: 'Node pi4: there is no socket at /run/user/1000/podman/podman.sock.',
      fix: 'Let podman listen there, for pi alone.',
    },
    remedies: [
      {
        label: 'Enable the socket',
        command: 'systemctl --user enable --now podman.socket',
        where: 'node',
        fix: 'enable-socket',
      },
      {
        label: 'Let its services live without a login',
        command: 'loginctl enable-linger',
        where: 'node',
        fix: 'enable-linger',
      },
    ],
  },
  engine: {
    problem: {
      code: 'engine.unsupported',
      message: 'Node pi4 runs podman 2.2.1; Barnraiser needs 4.0 or newer.',
      fix: 'Install a newer podman there.',
    },
    remedies: [{ label: 'Install a newer podman', command: 'sudo apt-get install -y podman', where: 'node' }],
  },
  platforms: {
    problem: {
      code: 'engine.answer',
      message: 'Node pi4 does not say which platform it is.',
      fix: 'Look at what its engine says: `podman info`.',
    },
    remedies: [],
  },
  emulation: {
    problem: {
      code: 'engine.emulation',
      message: 'Node pi4 has emulators that its kernel does not know with the F flag, so they do not work in builds.',
      fix: 'Register them with the kernel.',
    },
    remedies: [
      {
        label: 'Register the emulators',
        command: 'sudo systemctl restart systemd-binfmt',
        where: 'node',
        fix: 'load-binfmt',
      },
    ],
  },
  disk: {
    problem: {
      code: 'engine.disk-low',
      message: 'Node pi4 has 0.9 of 118 GB left where images are stored.',
      fix: 'Free what dangling images take.',
    },
    remedies: [{ label: 'Remove dangling images', command: 'podman image prune -f', where: 'node', fix: 'prune' }],
  },
  forwarding: {
    problem: {
      code: 'ssh.forwarding-refused',
      message: 'Node pi4 does not forward to sockets, so a command there stands in between.',
      fix: 'Allow it in /etc/ssh/sshd_config for a quicker way: `AllowStreamLocalForwarding yes`.',
    },
    remedies: [],
  },
  return: {
    problem: {
      code: 'ssh.forwarding-refused',
      message: 'Node pi4 gives no port that leads back here, so whole images travel every time.',
      fix: 'Allow it in /etc/ssh/sshd_config so that only changed layers do: `AllowTcpForwarding yes`.',
    },
    remedies: [],
  },
};

/** Checks and fixes that go as a scene says, telling of themselves on the way. */
export class FixtureChecks {
  readonly #emit: (event: AppEvent) => void;
  readonly #scene: CheckScene;
  readonly #cancelled = new Set<string>();
  /** Ends the wait of a check that is held. */
  readonly #release = new Map<string, () => void>();
  #isMended = false;

  constructor(emit: (event: AppEvent) => void, scene: CheckScene = {}) {
    this.#emit = emit;
    this.#scene = scene;
  }

  /** @param status what the node is found to be where nothing stops the check. */
  async check(connection: Connection, status: NodeStatus | undefined): Promise<Check> {
    const { name } = connection;
    this.#cancelled.delete(name);
    const { warnAt = [], holdAt } = this.#scene;
    const failAt = this.#isMended ? undefined : (this.#scene.failAt ?? (status?.state === 'down' ? 'port' : undefined));
    let rungs = rungsOf(connection);
    let check: Check = { connection: name, startedAt: new Date().toISOString(), status: 'running', rungs: [...rungs] };
    const tell = (change: Partial<Check>): void => {
      check = { ...check, ...change, rungs: [...rungs] };
      this.#emit({ event: 'check.changed', check });
    };
    let took = 0;
    for (const [index, { stage, hop }] of rungs.entries()) {
      const set = (rung: Partial<Rung>): void => {
        rungs = rungs.map((each, at) => (at === index ? { ...each, ...rung } : each));
      };
      set({ state: 'running' });
      tell({});
      await new Promise<void>((settle) => {
        this.#release.set(name, settle);
        if (hop !== undefined || stage !== holdAt) {
          setTimeout(settle, stageMs);
        }
      });
      if (this.#cancelled.has(name)) {
        set({ state: 'waiting' });
        tell({ status: 'cancelled', tookMs: took });
        return check;
      }
      took += tookMs[stage];
      if (hop === undefined && (stage === failAt || (!this.#isMended && warnAt.includes(stage)))) {
        set({ state: stage === failAt ? 'failed' : 'warned', tookMs: tookMs[stage], ...problems[stage] });
        if (stage === failAt) {
          this.#emit({
            event: 'node.changed',
            status: { state: 'down', connection: name, problem: problems[stage].problem },
          });
          tell({ status: 'failed', tookMs: took });
          return check;
        }
      } else {
        set({ state: 'passed', tookMs: tookMs[stage], said: said[stage] });
      }
      tell({});
    }
    if (status?.state === 'up') {
      this.#emit({ event: 'node.changed', status });
    }
    tell({ status: 'passed', tookMs: took });
    return check;
  }

  cancel(name: string): void {
    this.#cancelled.add(name);
    this.#release.get(name)?.();
  }

  async fix(name: string, fix: Fix): Promise<{ said: string }> {
    switch (this.#scene.fix) {
      case 'fails':
        throw fail(
          'connection.fix',
          `Node ${name} could not do it: Failed to connect to bus: No medium found.`,
          'Sign in there as this user once, or have somebody with the right do it.',
          'Failed to connect to bus: No medium found',
        );
      case 'holds':
        return new Promise(() => {});
      default:
        this.#isMended = true;
        return {
          said:
            fix === 'enable-socket'
              ? 'Created symlink /home/pi/.config/systemd/user/sockets.target.wants/podman.socket → /usr/lib/systemd/user/podman.socket.\n'
              : '',
        };
    }
  }
}

/** The rungs of a connection before anything is tried. One whose host says it goes through a jump host has a leg more. */
function rungsOf({ uri }: Connection): Rung[] {
  const destination = parseDestination(uri);
  const rung = (stage: Stage, hop?: string): Rung => ({
    stage,
    ...(hop === undefined ? {} : { hop }),
    state: 'waiting',
    remedies: [],
  });
  if (typeof destination === 'string' || destination.kind !== 'ssh') {
    return stages.slice(4, 9).map((stage) => rung(stage));
  }
  const hops = destination.host.includes('eu.example.com') ? ['bastion.example.com'] : [];
  return [...hops.flatMap((hop) => hopStages.map((stage) => rung(stage, hop))), ...stages.map((stage) => rung(stage))];
}
