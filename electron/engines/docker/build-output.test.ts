import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PbfWriter } from 'pbf';
import { expect, test } from 'vitest';
import type { EngineOutput } from '../engine.ts';
import { DockerOutput, dockerMessageSchema } from './build-output.ts';

/** A line for each output, short enough to be read. */
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

/** Reads what docker 26.1.5 said of a real build. */
async function read(name: string, instructions: readonly string[]) {
  const said: string[] = [];
  const output = new DockerOutput(instructions, (each) => said.push(brief(each)));
  const text = await readFile(join(import.meta.dirname, 'recorded', name), 'utf8');
  for (const line of text.trim().split('\n')) {
    output.read(dockerMessageSchema.parse(JSON.parse(line)));
  }
  output.end();
  return { output, said };
}

test('stages that are built beside each other are told with all their instructions', async () => {
  const { output, said } = await read('docker-three-stages.jsonl', [
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
  expect(said).toEqual([
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
    // the base image is one operation for both stages
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

test('a step that fails is known, with what docker says', async () => {
  const { output, said } = await read('docker-failing-step.jsonl', [
    'FROM 127.0.0.1:5055/base:1',
    'ENV A=b',
    'RUN echo before; exit 3',
  ]);
  expect(output.imageId).toBeUndefined();
  expect(output.error).toBe('process "/bin/sh -c echo before; exit 3" did not complete successfully: exit code: 3');
  expect(output.failedStep).toEqual({ index: 3, total: 3, text: 'RUN echo before; exit 3' });
  expect(said.slice(2)).toEqual([
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

/** An update in which one operation has begun and prints something. */
function printed(name: string, ...pieces: Uint8Array[]): string {
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
  for (const piece of pieces) {
    trace.writeMessage(
      3,
      (_, message) => {
        message.writeStringField(1, 'sha256:1');
        message.writeVarintField(3, 1);
        message.writeBytesField(4, piece);
      },
      undefined,
    );
  }
  return Buffer.from(trace.finish()).toString('base64');
}

test('a line is whole however it comes in pieces, also in the middle of a character', () => {
  const said: string[] = [];
  const output = new DockerOutput(['FROM x', 'RUN y'], (each) => said.push(brief(each)));
  const text = Buffer.from('grün\nhalf');
  const aux = printed('[2/2] RUN y', text.subarray(0, 3), text.subarray(3));
  output.read({ id: 'moby.buildkit.trace', aux });
  expect(said.at(-1)).toBe('> grün');
  output.end();
  expect(said.at(-1)).toBe('> half');
});

test('of a bar that draws over itself the last state stands', () => {
  const said: string[] = [];
  const output = new DockerOutput([], (each) => said.push(brief(each)));
  output.read({ id: 'moby.buildkit.trace', aux: printed('[1/1] RUN y', Buffer.from('10%\r50%\r100%\r\n')) });
  expect(said.at(-1)).toBe('> 100%');
});

test('an update that is none is an error', () => {
  const output = new DockerOutput([], () => undefined);
  expect(() => output.read({ id: 'moby.buildkit.trace', aux: Buffer.from([0x0a, 0xff]).toString('base64') })).toThrow();
});
