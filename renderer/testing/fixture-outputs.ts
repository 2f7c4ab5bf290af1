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
  ];
}

/** Outputs of the fixture app, which stay as they were started if the app is busy, and are done at once otherwise. */
export function createOutputs(
  state: string,
  findBuild: (id: string) => Build,
  emit: (event: AppEvent) => void,
): Handlers {
  return {
    'outputs.start': ({ reference, output: text }) => {
      const started = output({ reference, output: text, doneBytes: 80 * megabyte });
      emit({ event: 'output.changed', output: started });
      if (state !== 'busy') {
        const { path } = outputOf(text);
        const doneBytes = started.totalBytes;
        emit({ event: 'output.changed', output: { ...started, status: 'done', doneBytes, ...(path ? { path } : {}) } });
      }
      return started;
    },
    'outputs.repeat': ({ buildId, output: text }) => {
      const build = findBuild(buildId);
      const repeated = output({ buildId, reference: build.reference, output: text, status: 'done' });
      emit({ event: 'build.finished', build: { ...build, outputs: withOutput(build.outputs, repeated) } });
      return repeated;
    },
    'outputs.cancel': () => ({}),
    'outputs.list': () => [],
  };
}
