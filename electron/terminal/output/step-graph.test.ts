import { expect, test } from 'vitest';
import type { PlannedStep, Step } from '../../../shared/step.ts';
import { graphSteps, mermaidLines } from './step-graph.ts';

const planned: readonly PlannedStep[] = [
  { id: '0:1', index: 1, total: 4, name: 'FROM a AS one', stage: 'one' },
  { id: '0:2', index: 2, total: 4, name: 'RUN echo "x" <y>', stage: 'one', inputs: ['0:1'] },
  { id: '1:1', index: 3, total: 4, name: 'FROM scratch', stage: 'stage 2' },
  { id: '1:2', index: 4, total: 4, name: 'COPY --from=one /x /x', stage: 'stage 2', inputs: ['1:1', '0:2'] },
];
const run = (index: number, more: Partial<Step> = {}): Step => ({
  ...(planned[index] ?? expect.fail('no such step')),
  ...{ cached: false, startedAt: '2026-03-01T10:00:00.000Z', durationMs: 5, ...more },
});

test('stages are groups, inputs are arrows, and steps have the state of the platform that matters most', () => {
  const jobs = [
    { steps: [run(0, { cached: true }), run(1)] },
    { steps: [run(0, { cached: true }), run(1, { error: 'exit status 1' }), run(2)] },
  ];
  expect(mermaidLines(graphSteps(planned, jobs))).toEqual([
    'flowchart TB',
    '  subgraph g1["one"]',
    '    s1["1 FROM a AS one"]:::cached',
    '    s2["2 RUN echo #34;x#34; #60;y#62;"]:::failed',
    '  end',
    '  subgraph g2["stage 2"]',
    '    s3["3 FROM scratch"]:::done',
    '    s4["4 COPY --from=one /x /x"]',
    '  end',
    '  s1 --> s2',
    '  s3 --> s4',
    '  s2 --> s4',
    '  classDef failed fill:#fdecec,stroke:#d6343f',
    '  classDef done fill:#e5f5ec,stroke:#2a9d5f',
    '  classDef cached stroke:#2a9d5f,stroke-dasharray:4',
  ]);
});

test('a build with one stage has no groups, and a long instruction is cut', () => {
  const lines = mermaidLines(graphSteps([{ id: '0:1', index: 1, total: 1, name: `RUN ${'x'.repeat(100)}` }], []));
  expect(lines).toEqual(['flowchart TB', `  s1["1 RUN ${'x'.repeat(55)}…"]`]);
});
