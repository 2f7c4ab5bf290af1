import type { Build } from '../../shared/build.ts';
import type { AppEvent, CallOutput, CallRequest } from '../../shared/contract.ts';
import { outputOf } from '../../shared/output.ts';
import { withOutput } from '../../shared/output-list.ts';
import type { OutputState, outputCalls } from '../../shared/output-state.ts';

type OutputCall = keyof typeof outputCalls;
type Handlers = { readonly [N in OutputCall]: (request: CallRequest<N>) => CallOutput<N> | Promise<CallOutput<N>> };

const megabyte = 1024 * 1024;
let count = 0;

function output(fields: Partial<OutputState> & Pick<OutputState, 'output'>): OutputState {
  count += 1;
  const reference = 'registry.example.com/team/api:1.3';
  const totalBytes = 212 * megabyte;
  return { id: `output-${count}`, reference, status: 'running', totalBytes, doneBytes: 0, ...fields };
}

/** The outputs of a build that has ended. */
export function sampleOutputs(buildId: string): OutputState[] {
  return [
    output({
      buildId,
      output: 'oci-archive:/home/anna/images/api-1.3.tar',
      status: 'done',
      path: '/home/anna/images/api-1.3.tar',
    }),
    output({
      buildId,
      output: 'rootfs:/home/anna/images/api-root@linux/arm64',
      status: 'done',
      path: '/home/anna/images/api-root',
      totalBytes: 148 * megabyte,
      notes: ['All files belong to you: only root can give them to the owners of the image.'],
    }),
    output({ buildId, output: 'dir:/mnt/usb/api', status: 'cancelled' }),
    output({
      buildId,
      output: 'node:pi4',
      status: 'done',
      images: ['registry.example.com/team/api:1.3', 'registry.example.com/team/api:1.3-amd64'],
    }),
  ];
}

/** Outputs of which one could not be written, to a path that does not fit into its row. */
export function sampleFailedOutputs(buildId: string): OutputState[] {
  return [
    ...sampleOutputs(buildId),
    output({
      buildId,
      output: `oci:/srv/nfs/${'backups-of-the-whole-department/'.repeat(4)}api:registry.example.com/team/api:1.3`,
      status: 'failed',
      problem: {
        code: 'disk.full',
        message: 'The disk is full: /srv/nfs has 12 MB left, and 190 MB are needed.',
        fix: 'Free space there, then write the output again.',
      },
    }),
  ];
}

/** Outputs of the fixture app, which stay as they were started if the app is busy, and are done at once otherwise. */
export function createOutputs(
  state: string,
  findBuild: (id: string) => Build,
  emit: (event: AppEvent) => void,
): Handlers {
  const started = new Map<string, OutputState>();
  const begin = (fields: Parameters<typeof output>[0]): OutputState => {
    const running = output({ ...fields, doneBytes: 80 * megabyte });
    started.set(running.id, running);
    emit({ event: 'output.changed', output: running });
    return running;
  };
  return {
    'outputs.start': ({ reference, output: text }) => {
      const running = begin({ reference, output: text });
      if (state === 'failed') {
        const problem = {
          code: 'image.destination' as const,
          message: `${outputOf(text).path} already exists.`,
          fix: 'Choose another path, or replace it.',
        };
        emit({ event: 'output.changed', output: { ...running, status: 'failed', problem } });
      } else if (state !== 'busy') {
        const { path } = outputOf(text);
        const doneBytes = running.totalBytes;
        emit({ event: 'output.changed', output: { ...running, status: 'done', doneBytes, ...(path ? { path } : {}) } });
      }
      return running;
    },
    'outputs.repeat': ({ buildId, output: text }) => {
      const build = findBuild(buildId);
      const repeated = begin({ buildId, reference: build.reference, output: text });
      if (state === 'busy') {
        return repeated;
      }
      const done = { ...repeated, status: 'done' as const, doneBytes: repeated.totalBytes };
      emit({ event: 'build.finished', build: { ...build, outputs: withOutput(build.outputs, done) } });
      emit({ event: 'output.changed', output: done });
      return repeated;
    },
    'outputs.cancel': ({ id }) => {
      const running = started.get(id);
      if (running) {
        emit({ event: 'output.changed', output: { ...running, status: 'cancelled' } });
      }
      return {};
    },
    'outputs.list': () => [],
  };
}
