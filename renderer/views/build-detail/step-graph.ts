import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import type { PlannedStep } from '../../../shared/step.ts';
import type { GraphStep } from './graph-layout.ts';
import type { Bar, BarState, StepRow } from './step-rows.ts';

/** `not-run`: its job ended before. */
export type StepState = BarState | 'waiting' | 'not-run';

/** A step on one platform. */
export interface StepRun {
  readonly job: Job;
  readonly state: StepState;
  /** Undefined if it has not started. */
  readonly bar: Bar | undefined;
}

/** A step of the graph, with what became of it on each platform that needs it. */
export interface StepNode extends GraphStep {
  readonly number: number;
  readonly text: string;
  /** The line of the Containerfile, counted from 1. */
  readonly line: number | undefined;
  readonly runs: readonly StepRun[];
  /** What a person has to know first of all its platforms. */
  readonly state: StepState;
}

/** A step of several platforms has the first of these states that one of them has. */
const importance: readonly StepState[] = ['failed', 'running', 'cancelled', 'waiting', 'done', 'cached', 'not-run'];

/**
 * The steps of a build, those that have not started included.
 * @param rows the rows of {@link stepRows} @param planned the steps of the Containerfile; none if it was not kept
 * @param platform only this one
 */
export function stepGraph(
  { jobs, status }: Pick<Build, 'jobs' | 'status'>,
  rows: readonly StepRow[],
  planned: readonly PlannedStep[],
  platform?: string,
): StepNode[] {
  const startedRows = rows.flatMap(({ number, ...row }) => (number === undefined ? [] : [{ ...row, number }]));
  const nodes = new Map<string, Omit<StepNode, 'runs' | 'state'>>();
  const barsOf = new Map<string, StepRow['bars']>();
  for (const { id, index, name, stage = '', inputs = [], line } of startedRows.length > 0 ? planned : []) {
    nodes.set(id, { id, number: index, text: name, stage, inputs, line });
  }
  for (const { key, number, text, bars } of startedRows) {
    const step = bars.find((bar) => bar?.step)?.step;
    nodes.set(key, { id: key, number, text, stage: step?.stage ?? '', inputs: step?.inputs ?? [], line: step?.line });
    barsOf.set(key, bars);
  }
  const lanes = jobs.flatMap((job, lane) =>
    platform === undefined || job.platform === platform ? [{ job, lane }] : [],
  );
  const sorted = [...nodes.values()].sort((a, b) => a.number - b.number);
  return chainedWithoutInputs(sorted).flatMap((node): StepNode[] => {
    const runs = lanes.flatMap(({ job, lane }): StepRun[] => {
      const bar = barsOf.get(node.id)?.[lane];
      const state = bar?.state ?? stateWithoutBar(job, status);
      return state === undefined ? [] : [{ job, state, bar }];
    });
    const state = importance.find((each) => runs.some((run) => run.state === each));
    return state === undefined ? [] : [{ ...node, runs, state }];
  });
}

/** What a step that has not started is on a platform. Undefined if the platform does not need it. */
function stateWithoutBar(job: Job, status: Build['status']): StepState | undefined {
  if (
    job.reusedFrom !== undefined ||
    job.skipped ||
    job.foundIn ||
    job.status === 'done' ||
    job.status === 'transferring'
  ) {
    return undefined;
  }
  return isEnd(job.status) || status !== 'running' ? 'not-run' : 'waiting';
}

/** Where no step is known to use another, as in records of older versions, the steps of a stage follow each other. */
function chainedWithoutInputs<T extends GraphStep>(nodes: readonly T[]): readonly T[] {
  if (nodes.some(({ inputs }) => inputs.length > 0)) {
    return nodes;
  }
  const last = new Map<string, string>();
  return nodes.map((node) => {
    const before = last.get(node.stage);
    last.set(node.stage, node.id);
    return before === undefined ? node : { ...node, inputs: [before] };
  });
}

/** The run that a click on a step leads to: one that failed, else one that runs, else the longest. */
export function mainRun({ runs }: Pick<StepNode, 'runs'>): StepRun | undefined {
  const withBar = runs.filter(({ bar }) => bar !== undefined);
  const lengthOf = ({ bar }: StepRun): number => (bar?.endMs ?? 0) - (bar?.startMs ?? 0);
  return (
    withBar.find(({ state }) => state === 'failed') ??
    withBar.find(({ state }) => state === 'running') ??
    withBar.sort((a, b) => lengthOf(b) - lengthOf(a))[0]
  );
}
