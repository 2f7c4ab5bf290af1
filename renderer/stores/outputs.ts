import { create } from 'zustand';
import type { AppEvent, CallInput } from '../../shared/contract.ts';
import type { OutputState } from '../../shared/output-state.ts';
import { call } from '../api.ts';
import { each, Feed } from './feed.ts';

interface Outputs {
  /** Those of exports and of builds, since the app was started. */
  readonly byId: Readonly<Record<string, OutputState>>;
}

export const useOutputs = create<Outputs>(() => ({ byId: {} }));

export function useOutput(id: string | undefined): OutputState | undefined {
  return useOutputs(({ byId }) => (id === undefined ? undefined : byId[id]));
}

export const outputFeed = new Feed(each(applyOutputEvent));

/** @throws Failure */
export function loadOutputs(signal?: AbortSignal): Promise<void> {
  return outputFeed.load(
    'outputs.list',
    {},
    (outputs) => useOutputs.setState({ byId: Object.fromEntries(outputs.map((output) => [output.id, output])) }),
    signal,
  );
}

/** Starts an output and resolves at once. Its progress arrives in the store. @throws Failure */
export async function startOutput(request: CallInput<'outputs.start'>): Promise<OutputState> {
  return put(await call('outputs.start', request));
}

/** Writes an output of an ended build again. @throws Failure */
export async function repeatOutput(buildId: string, output: string): Promise<OutputState> {
  return put(await call('outputs.repeat', { buildId, output }));
}

/** @throws Failure */
export async function cancelOutput(id: string): Promise<void> {
  await call('outputs.cancel', { id });
}

/** Resolves with the last state of an output. */
export function outputEnded(id: string): Promise<OutputState> {
  return new Promise((resolve) => {
    const check = (output: OutputState | undefined): boolean => {
      const hasEnded = output !== undefined && output.status !== 'running';
      if (hasEnded) {
        resolve(output);
      }
      return hasEnded;
    };
    if (!check(useOutputs.getState().byId[id])) {
      const unsubscribe = useOutputs.subscribe(({ byId }) => {
        if (check(byId[id])) {
          unsubscribe();
        }
      });
    }
  });
}

function put(output: OutputState): OutputState {
  // an event that is newer may have arrived before the answer
  useOutputs.setState(({ byId }) => (byId[output.id] ? {} : { byId: { ...byId, [output.id]: output } }));
  return output;
}

function applyOutputEvent(event: AppEvent): void {
  if (event.event === 'output.changed') {
    const { output } = event;
    useOutputs.setState(({ byId }) => ({ byId: { ...byId, [output.id]: output } }));
  }
}
