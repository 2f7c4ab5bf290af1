/** The phases of a build, and how it is held in each. */
import type { Needs, Scene } from './scene.ts';

export interface Phase {
  readonly text: string;
  readonly needs: Needs;
  /** To be called before the build starts. Resolves when it is in the phase, and stays there. */
  reach(scene: Scene): Promise<unknown>;
  /** Lets the build go on. */
  release(scene: Scene): unknown;
}

/** More than all buffers between two programs hold, in bytes. */
const largeBytes = 6_000_000;
/** More than a build sends besides its context, and less than a large context, in bytes. */
const partBytes = 1_500_000;

const releaseLine = ({ line }: Scene): void => line.release();
const releaseProxy = ({ proxy }: Scene): void => proxy.release();
const releaseRegistry = ({ registry }: Scene): void => registry.release();

export const phases = {
  'sign-in': {
    text: 'the SSH handshake has begun',
    needs: { unpinned: true },
    reach: ({ line }) => line.holdAfter('up', 1_000),
    release: releaseLine,
  },
  probe: {
    text: 'the engine is asked what it is',
    needs: { unpinned: true, proxy: true },
    reach: ({ proxy }) => proxy.hold(/^/),
    release: releaseProxy,
  },
  context: {
    text: 'a part of the context is sent',
    needs: { context: largeBytes },
    reach: (scene) => scene.line.holdAfter('up', partBytes),
    release: releaseLine,
  },
  pull: {
    text: 'the node asks a registry for the base image',
    needs: { pull: true },
    reach: ({ registry }) => registry.hold(/^(?:GET|HEAD) \/v2\/.*\/manifests\//),
    release: releaseRegistry,
  },
  building: {
    text: 'a step runs',
    needs: { wait: true },
    reach: async (scene) => {
      await scene.started;
      await scene.waiting();
    },
    release: () => undefined,
  },
  transfer: {
    text: 'a part of the image is here',
    needs: { layer: largeBytes },
    reach: (scene) =>
      Promise.all([
        scene.line.holdAfter('down', partBytes),
        scene.started.then(() =>
          scene.job(scene.platform, ({ status, bytesReceived }) => status === 'transferring' && bytesReceived > 0),
        ),
      ]),
    release: releaseLine,
  },
  list: {
    text: 'all images are here, and are joined in a list; the program is stopped',
    needs: {},
    reach: async (scene) => {
      await scene.started;
      await Promise.all([scene.platform, scene.otherPlatform].map((each) => scene.job(each, isDone)));
      scene.command.process.kill('SIGSTOP');
    },
    release: ({ command }) => command.process.kill('SIGCONT'),
  },
  push: {
    text: 'a layer is sent to the registry',
    needs: { push: true },
    reach: ({ registry }) => registry.hold(/^(?:PUT|PATCH) .*\/blobs\/uploads\//),
    release: releaseRegistry,
  },
  'push of the list': {
    text: 'the list is sent to the registry',
    needs: { push: true },
    reach: ({ registry }) => registry.hold(/^PUT .*\/manifests\/1$/),
    release: releaseRegistry,
  },
  cleaning: {
    text: 'the image is here, and the node is asked to remove its temporary name',
    needs: { proxy: true },
    reach: ({ proxy }) => proxy.hold(/^(?:POST \S*\/untag|DELETE \S*\/images\/)/),
    release: releaseProxy,
  },
  all: {
    text: 'nowhere: the fault is there from the start',
    needs: {},
    reach: async () => undefined,
    release: () => undefined,
  },
} as const satisfies Record<string, Phase>;

export type PhaseName = keyof typeof phases;

function isDone({ status }: { readonly status: string }): boolean {
  return status === 'done';
}
