/** What goes wrong. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fillNode, killEngine, restartSshd, signalAll, signalSessions, signalSshd } from './faulty-node.ts';
import type { Needs, Scene } from './scene.ts';

export interface Fault {
  readonly text: string;
  readonly needs?: Needs;
  /** The fault is there before the build starts. */
  readonly isFirst?: true;
  /** A step that waits is released on the node after the fault. */
  readonly isQuiet?: true;
  /** May resolve with a function that repairs it when the build has ended. */
  strike(scene: Scene): Promise<unknown>;
}

/** Shorter than the silence after which a connection is lost, in milliseconds. */
const pauseMs = 1_500;

export const faults = {
  'session killed': {
    text: '`kill -9` of the sshd that serves the connection',
    strike: ({ victim }) => signalSessions(victim, 'KILL'),
  },
  'sshd killed': {
    text: '`kill -9` of every sshd; the node refuses connections',
    strike: async ({ victim }) => {
      await signalSshd(victim, 'KILL');
      return () => restartSshd(victim);
    },
  },
  'engine killed': {
    text: '`kill -9` of the engine: `podman system service`, `dockerd`, the `dockerd` that has BuildKit; a step of docker goes on without it, and then ends',
    isQuiet: true,
    strike: ({ victim }) => killEngine(victim),
  },
  'engine missing': {
    text: 'the engine was killed before the build',
    isFirst: true,
    strike: ({ victim }) => killEngine(victim),
  },
  'app killed': {
    text: '`kill -9` of the program that builds',
    strike: (scene) => scene.killApp(),
  },
  'front end killed': {
    text: '`kill -9` of the app that a terminal builds with',
    needs: { frontEnd: true },
    strike: (scene) => scene.killApp(),
  },
  silence: {
    text: '`SIGSTOP` of every sshd; `SIGCONT` when the build has ended',
    needs: { impatient: true },
    strike: async ({ victim }) => {
      await signalSshd(victim, 'STOP');
      return () => signalSshd(victim, 'CONT');
    },
  },
  'node frozen': {
    text: '`SIGSTOP` of every process of the node; `SIGCONT` when the build has ended',
    needs: { impatient: true },
    strike: async ({ victim }) => {
      await signalAll(victim, 'STOP');
      return () => signalAll(victim, 'CONT');
    },
  },
  pause: {
    text: '`SIGSTOP` of every sshd, and `SIGCONT` before the connection counts as lost',
    strike: async ({ victim }) => {
      await signalSshd(victim, 'STOP');
      await sleep(pauseMs);
      await signalSshd(victim, 'CONT');
    },
  },
  'line reset': {
    text: 'the connection is reset',
    strike: async ({ line }) => line.reset(),
  },
  'lossy line': {
    text: '1 % of the packets are lost, round trips take 20 ms',
    needs: { loss: { share: 0.01, roundTripMs: 20 }, context: 500_000, layer: 500_000 },
    isFirst: true,
    strike: async () => undefined,
  },
  'forward reset': {
    text: 'the connection through the reverse port forward is reset on the node',
    strike: (scene) => scene.resetForward(),
  },
  garbage: {
    text: 'the engine answers garbage, until the build has ended',
    needs: { proxy: true },
    strike: async ({ proxy }) => {
      proxy.answerGarbage();
      return () => proxy.restore();
    },
  },
  'half a stream': {
    text: 'the streams of the engine end in the middle',
    needs: { proxy: true },
    strike: async ({ proxy }) => proxy.cut(),
  },
  'wrong architecture': {
    text: 'the engine builds for another architecture',
    needs: { proxy: true },
    isFirst: true,
    strike: async ({ proxy }) => {
      proxy.change([
        { from: 'linux/amd64', to: 'linux/arm64' },
        { from: 'linux%2Famd64', to: 'linux%2Farm64' },
      ]);
      return () => proxy.restore();
    },
  },
  'node full': {
    text: 'the disk of the node is full',
    needs: { smallNode: true },
    isQuiet: true,
    strike: ({ victim }) => fillNode(victim),
  },
  'disk here full': {
    text: 'the disk of the data folder is full',
    needs: { smallHome: true },
    strike: (scene) => scene.fillHome(),
  },
  'registry reset': {
    text: 'the registry breaks the connection',
    strike: async ({ registry }) => registry.reset(),
  },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
