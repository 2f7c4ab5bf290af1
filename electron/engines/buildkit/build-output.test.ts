import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { formatSource } from '../../../shared/format.ts';
import type { EngineOutput } from '../engine.ts';
import { testBuild, testInstructions } from '../testing/engine-build.ts';
import { BuildKitOutput } from './build-output.ts';
import { StatusResponseSchema } from './proto/control_pb.ts';
import { type SampleStatus, sampleStatus } from './testing/sample-status.ts';

/** Each output as one short line. */
function brief(output: EngineOutput): string {
  switch (output.kind) {
    case 'step-started':
      return `${output.id} ${output.index}/${output.total} ${output.name.slice(0, 24)}`;
    case 'step-progress':
      return `${output.id} ${output.current} of ${output.total} ${output.unit}`;
    case 'step-ended':
      return `end ${output.id}${output.cached ? ' cached' : ''}${output.error === undefined ? '' : ` ${output.error}`}`;
    case 'log':
      return `${output.stepId ?? ''}${output.stream === 'stderr' ? ' err' : ''}> ${output.text}`;
    case 'warning':
      return `${output.stepId ?? ''} warning: ${output.text}${output.source ? ` (${formatSource(output.source)})` : ''}`;
    case 'base':
      return `${output.name} is ${output.digest.slice(0, 13)}`;
    default:
      return output.kind;
  }
}

const outputOf = (outputs: string[], ...instructions: string[]) =>
  new BuildKitOutput(testBuild({ instructions: testInstructions(...instructions) }), (each) =>
    outputs.push(brief(each)),
  );

/** Reads the recorded status updates of a real build on docker 26.1.5. */
async function read(name: string, instructions: readonly string[], hasImage: boolean) {
  const outputs: string[] = [];
  const output = outputOf(outputs, ...instructions);
  const text = await readFile(join(import.meta.dirname, 'testing', name), 'utf8');
  for (const line of text.trim().split('\n')) {
    output.read(fromBinary(StatusResponseSchema, Buffer.from(line, 'base64')));
  }
  output.end(hasImage);
  return { output, outputs };
}

test('the base image that another build at the same time has begun to load is the FROM of this one', () => {
  const outputs: string[] = [];
  const output = outputOf(outputs, 'FROM alpine', 'RUN exit 3');
  const base = { digest: 'sha256:1', name: '[other 1/2] FROM docker.io/library/alpine', started: true };
  const step = { digest: 'sha256:2', inputs: ['sha256:1'], name: '[2/2] RUN exit 3', started: true };
  output.read(sampleStatus({ vertexes: [{ ...base, completed: true }, step] }));
  output.read(sampleStatus({ vertexes: [{ ...step, completed: true, error: 'exit code: 3' }] }));
  output.end(false);
  expect(outputs).toEqual(['0:1 1/2 FROM alpine', 'end 0:1', '0:2 2/2 RUN exit 3', 'end 0:2 exit code: 3']);
  expect(output.failedStep).toMatchObject({ index: 2, total: 2 });
});

test('concurrent stages are reported with all their instructions', async () => {
  const { output, outputs } = await read(
    'recorded-three-stages.txt',
    [
      'FROM 127.0.0.1:5055/base:1 AS build',
      'ARG TARGETARCH',
      'RUN echo hello $TARGETARCH; for i in 1 2 3; do …',
      'COPY a.txt /a',
      'FROM 127.0.0.1:5055/base:1 AS other',
      'RUN for i in 1 2 3; do echo other $i >&2; …',
      'FROM scratch',
      'COPY --from=build /a /a',
      'COPY --from=other /other /other',
      'LABEL x=y',
    ],
    true,
  );
  expect(output.failedStep).toBeUndefined();
  expect(outputs).toEqual([
    '> load metadata for 127.0.0.1:5055/base:1',
    '127.0.0.1:5055/base:1 is sha256:adb9cf',
    '0:1 1/10 FROM 127.0.0.1:5055/base',
    'end 0:1',
    '0:2 2/10 ARG TARGETARCH',
    'end 0:2',
    '0:3 3/10 RUN echo hello $TARGETAR',
    // both stages share the operation of the base image
    '1:1 5/10 FROM 127.0.0.1:5055/base',
    'end 1:1',
    'end 1:1 cached',
    '1:2 6/10 RUN for i in 1 2 3; do e',
    '1:2 err> other 1',
    '0:3> hello amd64',
    '0:3> line 1',
    '0:3> line 2',
    '1:2 err> other 2',
    '0:3> line 3',
    '1:2 err> other 3',
    '0:3> progress',
    'end 0:3',
    '0:4 4/10 COPY a.txt /a',
    'end 1:2',
    'end 0:4',
    '2:1 7/10 FROM scratch',
    'end 2:1',
    '2:2 8/10 COPY --from=build /a /a',
    'end 2:2',
    '2:3 9/10 COPY --from=other /other',
    'end 2:3',
    '> exporting to image',
    '2:4 10/10 LABEL x=y',
    'end 2:4',
  ]);
});

test('a failed step is reported with the error of BuildKit', async () => {
  const { output, outputs } = await read(
    'recorded-failing-step.txt',
    ['FROM 127.0.0.1:5055/base:1', 'ENV A=b', 'RUN echo before; exit 3'],
    false,
  );
  const error = 'process "/bin/sh -c echo before; exit 3" did not complete successfully: exit code: 3';
  expect(output.failedStep).toMatchObject({ id: '0:3', index: 3, total: 3, name: 'RUN echo before; exit 3', line: 3 });
  expect(outputs).toEqual([
    '> load metadata for 127.0.0.1:5055/base:1',
    '127.0.0.1:5055/base:1 is sha256:adb9cf',
    '0:1 1/3 FROM 127.0.0.1:5055/base',
    // looked up, then found in the cache
    'end 0:1',
    'end 0:1 cached',
    '0:2 2/3 ENV A=b',
    'end 0:2 cached',
    '0:3 3/3 RUN echo before; exit 3',
    '0:3> before',
    `end 0:3 ${error}`,
  ]);
});

/** A status update in which one operation has begun and printed these chunks. */
function operationPrinting(name: string, ...chunks: Uint8Array[]) {
  const logs = chunks.map((msg) => ({ vertex: 'sha256:1', stream: 1, msg }));
  return sampleStatus({ vertexes: [{ digest: 'sha256:1', name, started: true }], logs });
}

test('a line is reported whole if it arrives in chunks, even ones that split a character', () => {
  const outputs: string[] = [];
  const output = outputOf(outputs, 'FROM x', 'RUN y');
  const text = Buffer.from('grün\nhalf');
  const status = operationPrinting('[2/2] RUN y', text.subarray(0, 3), text.subarray(3));
  output.read(status);
  expect(outputs.at(-1)).toBe('0:2> grün');
  output.end(false);
  expect(outputs.at(-1)).toBe('0:2> half');
});

test('a progress bar is reported in its last state', () => {
  const outputs: string[] = [];
  const output = outputOf(outputs);
  output.read(operationPrinting('[1/1] RUN y', Buffer.from('10%\r50%\r100%\r\n')));
  expect(outputs.at(-1)).toBe('0:1> 100%');
});

test('a warning and the downloads of a step name the step', () => {
  const outputs: string[] = [];
  const status: SampleStatus = {
    vertexes: [{ digest: 'sha256:1', name: '[1/1] FROM x', started: true }],
    statuses: [
      { id: 'sha256:a', vertex: 'sha256:1', current: 10, total: 100 },
      { id: 'sha256:b', vertex: 'sha256:1', current: 5, total: 50 },
      { id: 'sha256:a', vertex: 'sha256:1', current: 40, total: 100 },
      { id: 'extracting sha256:a', vertex: 'sha256:1', current: 7, total: 7 },
    ],
    warnings: [
      { vertex: 'sha256:1', short: 'old platform' },
      { vertex: 'sha256:1', short: 'old platform' },
      { vertex: '', short: 'old word', line: 7 },
    ],
  };
  outputOf(outputs, 'FROM x').read(sampleStatus(status));
  expect(outputs.slice(1)).toEqual([
    '0:1 10 of 100 bytes',
    '0:1 15 of 150 bytes',
    '0:1 45 of 150 bytes',
    '0:1 warning: old platform',
    ' warning: old word (Containerfile:7)',
  ]);
});

test('an operation that BuildKit cancelled has not ended', () => {
  const outputs: string[] = [];
  const vertexes = [
    { digest: 'sha256:1', name: '[a 1/1] RUN x', started: true, completed: true, error: 'exit code: 1' },
    { digest: 'sha256:2', name: '[b 1/1] RUN y', started: true, completed: true, error: 'x: context canceled' },
  ];
  const output = outputOf(outputs, 'FROM scratch AS a', 'RUN x', 'FROM scratch AS b', 'RUN y', 'FROM a');
  output.read(sampleStatus({ vertexes }));
  expect(outputs.filter((each) => each.startsWith('end'))).toEqual(['end 0:1', 'end 0:2 exit code: 1', 'end 1:1']);
  expect(output.failedStep?.id).toBe('0:2');
});

test('the vertexes of a progress group are one step, which begins with the first that is not weak', () => {
  const outputs: string[] = [];
  const output = outputOf(outputs, 'FROM scratch', 'COPY --link a b /x/');
  const copy = {
    ...{ digest: 'sha256:1', name: '[1/1] COPY --link a b /x/' },
    group: { id: 'g', name: '[1/1] COPY --link a b /x/', weak: true },
  };
  const merge = {
    ...{ digest: 'sha256:2', inputs: ['sha256:1'], name: '[1/1] LINK COPY --link a b /x/' },
    group: { id: 'g', name: '[1/1] COPY --link a b /x/' },
  };
  const read = (...vertexes: NonNullable<SampleStatus['vertexes']>) => output.read(sampleStatus({ vertexes }));
  read(copy, merge);
  read({ ...copy, started: 1 });
  expect(outputs).toEqual([]);
  read({ ...copy, started: 1, completed: 5 });
  read({ ...merge, started: 6, cached: true });
  output.read(sampleStatus({ logs: [{ vertex: 'sha256:2', stream: 1, msg: Buffer.from('linked\n') }] }));
  read({ ...merge, started: 6, completed: 7, cached: true });
  expect(outputs).toEqual([
    ...['0:1 1/2 FROM scratch', 'end 0:1', '0:2 2/2 COPY --link a b /x/', '0:2> linked'],
    // one of the group ran
    'end 0:2',
  ]);
});

test('a group with an error has failed with it, when nothing of it runs any more', () => {
  const outputs: string[] = [];
  const output = outputOf(outputs, 'FROM x', 'RUN y');
  const group = { id: 'g', name: '[2/2] RUN y' };
  const one = { digest: 'sha256:1', started: 1, group };
  const other = { digest: 'sha256:2', started: 1, group };
  output.read(sampleStatus({ vertexes: [one, other] }));
  output.read(sampleStatus({ vertexes: [{ ...one, completed: 2, error: 'exit code: 7' }] }));
  expect(outputs.filter((each) => each.startsWith('end 0:2'))).toEqual([]);
  output.read(sampleStatus({ vertexes: [{ ...other, completed: 3 }] }));
  expect(outputs.at(-1)).toBe('end 0:2 exit code: 7');
  expect(output.failedStep?.id).toBe('0:2');
});

test('a warning has its explanation, and belongs to the step with its line', () => {
  const reported: EngineOutput[] = [];
  const instructions = [
    { text: 'FROM x', firstLine: 2, lastLine: 2 },
    { text: 'RUN y', firstLine: 3, lastLine: 6 },
  ];
  const build = testBuild({ instructions, file: 'deploy/Dockerfile' });
  const warning = {
    ...{
      vertex: 'sha256:load',
      short: 'Empty continuation line found',
      file: 'deploy/Dockerfile',
      line: 4,
      lastLine: 3,
    },
    ...{ detail: ['Empty lines will be errors.', 'Remove them.'], url: 'https://docs.docker.com/go/x' },
  };
  new BuildKitOutput(build, (each) => reported.push(each)).read(sampleStatus({ warnings: [warning] }));
  expect(reported).toEqual([
    {
      kind: 'warning',
      text: 'Empty continuation line found',
      detail: 'Empty lines will be errors.\nRemove them.',
      url: 'https://docs.docker.com/go/x',
      source: { file: 'deploy/Dockerfile', firstLine: 4, lastLine: 4 },
      stepId: '0:2',
    },
  ]);
});

test('a node that reports warnings without end is not listened to for ever', () => {
  let count = 0;
  const output = new BuildKitOutput(testBuild(), () => {
    count += 1;
  });
  const warnings = Array.from({ length: 5_000 }, (_, index) => ({ vertex: '', short: `warning ${index}` }));
  output.read(sampleStatus({ warnings }));
  expect(count).toBe(1_000);
});

test('the duration of a step is that of its node, whose clock may be wrong', () => {
  const reported: EngineOutput[] = [];
  const output = new BuildKitOutput(testBuild({ instructions: testInstructions('FROM x') }), (each) =>
    reported.push(each),
  );
  const [began, vertex] = [Date.now(), { digest: 'sha256:1', name: '[1/1] FROM x' }];
  // the node's clock is decades behind; a step of an hour cannot have ended in this test
  output.read(sampleStatus({ vertexes: [{ ...vertex, started: 1_000 }] }));
  output.read(sampleStatus({ vertexes: [{ ...vertex, started: 1_000, completed: 4_600 }] }));
  const [started, ended] = reported;
  const now = Date.now();
  expect(started?.kind === 'step-started' && started.time).toBeGreaterThanOrEqual(began);
  expect(started?.kind === 'step-started' && started.time).toBeLessThanOrEqual(now);
  expect(ended?.kind === 'step-ended' && ended.durationMs).toBeLessThan(3_600_000);
});

test('a name that no pattern matches takes a moment, however long it is', () => {
  const output = new BuildKitOutput(testBuild(), () => undefined);
  const name = `[${'/'.repeat(1_000_000)}`;
  output.read(sampleStatus({ vertexes: [{ digest: 'sha256:1', name, started: true }] }));
  expect(output.failedStep).toBeUndefined();
});

test('no more vertexes, and no longer names, are kept and reported than builds have', () => {
  const lines: string[] = [];
  const output = new BuildKitOutput(testBuild(), (each) => each.kind === 'log' && lines.push(each.text));
  for (let round = 0; round < 30; round++) {
    const vertexes = Array.from({ length: 1_000 }, (_, index) => ({ digest: `sha256:${round}.${index}`, name: 'x' }));
    output.read(sampleStatus({ vertexes: vertexes.map((vertex) => ({ ...vertex, started: true, completed: true })) }));
  }
  expect(lines).toHaveLength(20_000);
  // what was known before goes on
  const last = { digest: 'sha256:0.1', name: 'x', started: true, completed: true, error: 'broken' };
  output.read(sampleStatus({ vertexes: [last] }));
  output.read(sampleStatus({ logs: [{ vertex: 'sha256:30.1', stream: 1, msg: Buffer.from('still heard\n') }] }));
  expect(lines.at(-1)).toBe('still heard');
});
