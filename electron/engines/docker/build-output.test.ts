import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PbfWriter } from 'pbf';
import { expect, test } from 'vitest';
import type { EngineOutput } from '../engine.ts';
import { DockerBuildOutput, dockerMessageSchema } from './build-output.ts';

/** Each output as one short line. */
function brief(output: EngineOutput): string {
  switch (output.kind) {
    case 'step':
      return `${output.stage ?? ''} ${output.index}/${output.total} ${output.text.slice(0, 24)}`.trim();
    case 'step-end':
      return `end ${output.stage ?? ''} ${output.index}${output.cached ? ' cached' : ''}${output.failed ? ' failed' : ''}`;
    case 'line':
      return `> ${output.text}`;
    default:
      return output.kind;
  }
}

/** Reads the recorded output of a real build on docker 26.1.5. */
async function read(name: string, instructions: readonly string[]) {
  const outputs: string[] = [];
  const output = new DockerBuildOutput(instructions, (each) => outputs.push(brief(each)));
  const text = await readFile(join(import.meta.dirname, 'testing', name), 'utf8');
  for (const line of text.trim().split('\n')) {
    output.read(dockerMessageSchema.parse(JSON.parse(line)));
  }
  output.end();
  return { output, outputs };
}

test('concurrent stages are reported with all their instructions', async () => {
  const { output, outputs } = await read('docker-three-stages.jsonl', [
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
  ]);
  expect(output.error).toBeUndefined();
  expect(output.imageId).toBe('sha256:4607777fac7333e7ed1926208d57ca2cc369c3fae9ce22e64015b73e56d7764a');
  expect(outputs).toEqual([
    'context-read',
    '> load metadata for 127.0.0.1:5055/base:1',
    '2/3 1/2 FROM 127.0.0.1:5055/base',
    'end 2/3 1',
    'end 2/3 1',
    '> sha256:dfb791c422c4 323 B downloaded',
    '> sha256:16023f097d37 1.1 MB downloaded',
    '> sha256:adb9cf1c9f69 491 B downloaded',
    '> sha256:52e2ba9d8c66 405 B downloaded',
    'end 2/3 1',
    // both stages share the operation of the base image
    '1/3 1/4 FROM 127.0.0.1:5055/base',
    'end 1/3 1',
    '1/3 2/4 ARG TARGETARCH',
    'end 1/3 2',
    '1/3 3/4 RUN echo hello $TARGETAR',
    '2/3 2/2 RUN for i in 1 2 3; do e',
    '> other 1',
    '> [build 2/3] hello amd64',
    '> [build 2/3] line 1',
    '> other 2',
    '> [build 2/3] line 2',
    '> other 3',
    '> [build 2/3] line 3',
    'end 2/3 2',
    '> [build 2/3] progress',
    'end 1/3 3',
    '1/3 4/4 COPY a.txt /a',
    'end 1/3 4',
    '3/3 1/4 FROM scratch',
    'end 3/3 1',
    '3/3 2/4 COPY --from=build /a /a',
    'end 3/3 2',
    '3/3 3/4 COPY --from=other /other',
    'end 3/3 3',
    '> exporting to image',
    '3/3 4/4 LABEL x=y',
    'end 3/3 4',
  ]);
});

test('a failed step is reported with the error of docker', async () => {
  const { output, outputs } = await read('docker-failing-step.jsonl', [
    'FROM 127.0.0.1:5055/base:1',
    'ENV A=b',
    'RUN echo before; exit 3',
  ]);
  expect(output.imageId).toBeUndefined();
  expect(output.error).toBe('process "/bin/sh -c echo before; exit 3" did not complete successfully: exit code: 3');
  expect(output.failedStep).toEqual({ index: 3, total: 3, text: 'RUN echo before; exit 3' });
  expect(outputs.slice(2)).toEqual([
    '1/3 FROM 127.0.0.1:5055/base',
    // looked up, then found in the cache
    'end  1',
    'end  1 cached',
    '2/3 ENV A=b',
    'end  2 cached',
    '3/3 RUN echo before; exit 3',
    '> before',
    'end  3 failed',
  ]);
});

/** A status update in which one operation has begun and printed these chunks. */
function operationPrinting(name: string, ...chunks: Uint8Array[]): string {
  const trace = new PbfWriter();
  trace.writeMessage(
    1,
    (_, message) => {
      message.writeStringField(1, 'sha256:1');
      message.writeStringField(3, name);
      message.writeMessage(5, () => undefined, undefined);
    },
    undefined,
  );
  for (const chunk of chunks) {
    trace.writeMessage(
      3,
      (_, message) => {
        message.writeStringField(1, 'sha256:1');
        message.writeVarintField(3, 1);
        message.writeBytesField(4, chunk);
      },
      undefined,
    );
  }
  return Buffer.from(trace.finish()).toString('base64');
}

test('a line is reported whole if it arrives in chunks, even ones that split a character', () => {
  const outputs: string[] = [];
  const output = new DockerBuildOutput(['FROM x', 'RUN y'], (each) => outputs.push(brief(each)));
  const text = Buffer.from('grün\nhalf');
  const aux = operationPrinting('[2/2] RUN y', text.subarray(0, 3), text.subarray(3));
  output.read({ id: 'moby.buildkit.trace', aux });
  expect(outputs.at(-1)).toBe('> grün');
  output.end();
  expect(outputs.at(-1)).toBe('> half');
});

test('a progress bar is reported in its last state', () => {
  const outputs: string[] = [];
  const output = new DockerBuildOutput([], (each) => outputs.push(brief(each)));
  output.read({ id: 'moby.buildkit.trace', aux: operationPrinting('[1/1] RUN y', Buffer.from('10%\r50%\r100%\r\n')) });
  expect(outputs.at(-1)).toBe('> 100%');
});

test('an invalid status update is an error', () => {
  const output = new DockerBuildOutput([], () => undefined);
  expect(() => output.read({ id: 'moby.buildkit.trace', aux: Buffer.from([0x0a, 0xff]).toString('base64') })).toThrow();
});
