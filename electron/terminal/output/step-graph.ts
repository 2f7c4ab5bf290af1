/** The graph of a build's steps as text for Mermaid, which GitHub and many editors draw. */
import type { Job } from '../../../shared/build.ts';
import type { PlannedStep, Step } from '../../../shared/step.ts';
import { cleanLine } from './text.ts';

/** Longer instructions are cut, in characters. */
const maxNameLength = 60;

type StepState = 'failed' | 'running' | 'done' | 'cached' | 'waiting';

/** How the states are drawn. Waiting steps have no style of their own. */
const styles: readonly (readonly [StepState, string])[] = [
  ['failed', 'fill:#fdecec,stroke:#d6343f'],
  ['running', 'fill:#e8edfd,stroke:#4a6cf0'],
  ['done', 'fill:#e5f5ec,stroke:#2a9d5f'],
  ['cached', 'stroke:#2a9d5f,stroke-dasharray:4'],
];

export interface GraphStep extends PlannedStep {
  readonly state: StepState;
}

/** The steps of a Containerfile and those that platforms have run, with what became of them on any platform. */
export function graphSteps(planned: readonly PlannedStep[], jobs: readonly Pick<Job, 'steps'>[]): GraphStep[] {
  const started = new Map<string, Step[]>();
  for (const step of jobs.flatMap(({ steps }) => steps)) {
    started.set(step.id, [...(started.get(step.id) ?? []), step]);
  }
  const steps = new Map(planned.map((step) => [step.id, step]));
  for (const [id, [step]] of started) {
    if (step) {
      steps.set(id, step);
    }
  }
  return [...steps.values()]
    .sort((one, other) => one.index - other.index)
    .map(({ id, index, total, name, stage, inputs, line }) => ({
      ...{ id, index, total, name, state: stateOf(started.get(id) ?? []) },
      ...(stage === undefined ? {} : { stage }),
      ...(inputs === undefined ? {} : { inputs }),
      ...(line === undefined ? {} : { line }),
    }));
}

function stateOf(runs: readonly Step[]): StepState {
  if (runs.length === 0) {
    return 'waiting';
  }
  if (runs.some(({ error }) => error !== undefined)) {
    return 'failed';
  }
  if (runs.some(({ durationMs }) => durationMs === undefined)) {
    return 'running';
  }
  return runs.every(({ cached }) => cached) ? 'cached' : 'done';
}

export function mermaidLines(steps: readonly GraphStep[]): string[] {
  const names = new Map(steps.map(({ id }, index) => [id, `s${index + 1}`]));
  const stages = [...new Set(steps.map(({ stage }) => stage))];
  const nodeLine = ({ id, index, name, state }: GraphStep): string =>
    `${names.get(id)}["${index} ${quoted(name)}"]${state === 'waiting' ? '' : `:::${state}`}`;
  return [
    'flowchart TB',
    ...stages.flatMap((stage, index) => {
      const lines = steps.filter((step) => step.stage === stage).map(nodeLine);
      return stage === undefined
        ? lines.map((line) => `  ${line}`)
        : [`  subgraph g${index + 1}["${quoted(stage)}"]`, ...lines.map((line) => `    ${line}`), '  end'];
    }),
    ...steps.flatMap(({ id, inputs = [] }) =>
      inputs.flatMap((input) => (names.has(input) ? `  ${names.get(input)} --> ${names.get(id)}` : [])),
    ),
    ...styles
      .filter(([state]) => steps.some((step) => step.state === state))
      .map(([state, style]) => `  classDef ${state} ${style}`),
  ];
}

/** A text as Mermaid reads it between quotation marks: its own marks and entities are written as codes. */
function quoted(text: string): string {
  const line = cleanLine(text);
  const cut = line.length > maxNameLength ? `${line.slice(0, maxNameLength - 1)}…` : line;
  return cut.replaceAll(/[#"<>&`]/g, (character) => `#${character.charCodeAt(0)};`);
}
