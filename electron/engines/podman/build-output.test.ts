import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { jsonLines } from '../api/json-lines.ts';
import { buildMessageSchema } from '../api/step-output.ts';
import type { EngineOutput } from '../engine.ts';
import { testBuild, testInstructions } from '../testing/engine-build.ts';
import { PodmanBuildOutput } from './build-output.ts';

/** Recorded from podman 4.3.1 amd64. */
const podman4 = String.raw`{"stream":"STEP 1/6: FROM scratch\n"}
{"stream":"STEP 2/6: ARG TARGETARCH\n"}
{"stream":"--\u003e Using cache 63ff6097a760784fb23b5106d792694126df15a989dcf4810772b8af25f793cf\n"}
{"stream":"--\u003e 63ff6097a76\n"}
{"stream":"STEP 3/6: COPY busybox-${'$'}{TARGETARCH} /bin/sh\n"}
{"stream":"--\u003e b32d5c34d26\n"}
{"stream":"STEP 4/6: RUN echo one \u0026\u0026     echo two     \u0026\u0026 echo three\n"}
{"stream":"one\ntwo\nthree\n"}
{"stream":"--\u003e 971c3de7fdd\n"}
{"stream":"STEP 5/6: RUN printf '10%%\\r20%%\\r30%%\\nünïcödé \\033[31mred\\033[0m\\n\\n\\ttabbed\\n'; echo STEP 9/9: spoof\n"}
{"stream":"10%\r20%\r30%\nünïcödé \u001b[31mred\u001b[0m\n\n\ttabbed\nSTEP 9/9: spoof\ntail"}
{"stream":"--\u003e 952c3c01fa4\n"}
{"stream":"STEP 6/6: LABEL \"a\"=\"1\"\n"}
{"stream":"COMMIT\n"}
{"stream":"--\u003e e51f6a280e5\n"}
{"stream":"[Warning] one or more build args were not consumed: [TARGETOS TARGETPLATFORM]\n"}
{"stream":"e51f6a280e5209534201a9ba02117b03d35e8d1431ff6ff4ce010b26ffa66f90\n"}
`;

/** Recorded from podman 5.4.2 arm64. */
const podman5 = String.raw`{"stream":"[1/2] STEP 1/2: FROM scratch AS base\n"}
{"stream":"[1/2] STEP 2/2: ARG TARGETARCH\n"}
{"stream":"--\u003e Using cache f0ee8938b7795ee28883a59f0842b43714be8c5b36d3dbfd47b884dd0cf0e232\n"}
{"stream":"--\u003e f0ee8938b779\n"}
{"stream":"[2/2] STEP 1/3: FROM f0ee8938b7795ee28883a59f0842b43714be8c5b36d3dbfd47b884dd0cf0e232\n"}
{"stream":"[2/2] STEP 2/3: RUN [\"/bin/busybox\",\"sh\",\"-c\",\"echo out; echo err \u003e\u00262; /bin/busybox printf 'pro'; /bin/busybox sleep 1; echo gress $GREETING \u003e /x\"]\n"}
{"stream":"out\n"}
{"stream":"err\n"}
{"stream":"pro"}
{"stream":"--\u003e 9eabccdf8266\n"}
{"stream":"[2/2] STEP 3/3: CMD [\"/bin/busybox\",\"sh\"]\n"}
{"stream":"[2/2] COMMIT localhost/pmtrial/a:1\n"}
{"stream":"--\u003e e6abc5a3a9ab\n"}
{"stream":"Successfully tagged localhost/pmtrial/a:1\n"}
{"stream":"e6abc5a3a9ab6db55f609d196d75f8f847c758f43bb9f7a26cefcb16bf94f92d\n"}
`;

const failed = String.raw`{"stream":"STEP 1/2: FROM scratch\n"}
{"stream":"STEP 2/2: RUN [\"/bin/busybox\",\"sh\",\"-c\",\"echo about to fail; exit 3\"]\n"}
{"stream":"about to fail\n"}
{"errorDetail":{"message":"building at STEP \"RUN /bin/busybox sh -c echo about to fail; exit 3\": while running runtime: exit status 3\n"},"error":"building at STEP \"RUN /bin/busybox sh -c echo about to fail; exit 3\": while running runtime: exit status 3\n"}
`;

async function read(recorded: string, chunkBytes = recorded.length, containerfile: readonly string[] = []) {
  const outputs: EngineOutput[] = [];
  const output = new PodmanBuildOutput(testBuild({ instructions: testInstructions(...containerfile) }), (each) =>
    outputs.push(each.kind === 'log' ? { ...each, time: 0 } : each),
  );
  const bytes = Buffer.from(recorded);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, i) =>
    bytes.subarray(i * chunkBytes, (i + 1) * chunkBytes),
  );
  for await (const message of jsonLines(Readable.from(chunks), buildMessageSchema, 'pi4')) {
    output.read(message);
  }
  output.end();
  return { outputs, output, lines: outputs.flatMap((each) => (each.kind === 'log' ? [each.text] : [])) };
}

function stream(...texts: string[]): string {
  return texts.map((text) => `${JSON.stringify({ stream: text })}\n`).join('');
}

describe('the build stream of podman', () => {
  test('becomes steps, layers and lines, in order', async () => {
    const { outputs } = await read(podman4);
    const started = { kind: 'step-started', total: 6 } as const;
    expect(outputs.slice(0, 12)).toEqual([
      { ...started, id: '0:1', index: 1, name: 'FROM scratch' },
      { kind: 'step-ended', id: '0:1', cached: false },
      { ...started, id: '0:2', index: 2, name: 'ARG TARGETARCH', inputs: ['0:1'] },
      { kind: 'layer', imageId: '63ff6097a76', cached: true },
      { kind: 'step-ended', id: '0:2', cached: true },
      { ...started, id: '0:3', index: 3, name: `COPY busybox-${'$'}{TARGETARCH} /bin/sh`, inputs: ['0:2'] },
      { kind: 'layer', imageId: 'b32d5c34d26', cached: false },
      { kind: 'step-ended', id: '0:3', cached: false },
      {
        ...started,
        id: '0:4',
        index: 4,
        name: 'RUN echo one &&     echo two     && echo three',
        inputs: ['0:3'],
      },
      { kind: 'log', stepId: '0:4', stream: 'stdout', time: 0, text: 'one' },
      { kind: 'log', stepId: '0:4', stream: 'stdout', time: 0, text: 'two' },
      { kind: 'log', stepId: '0:4', stream: 'stdout', time: 0, text: 'three' },
    ]);
  });

  test('says what podman itself prints and what it warns of', async () => {
    const { outputs } = await read(podman4);
    expect(outputs.filter((each) => each.kind === 'log' && each.stream === 'engine')).toMatchObject([
      { text: 'COMMIT', stepId: '0:6' },
      { text: 'e51f6a280e5209534201a9ba02117b03d35e8d1431ff6ff4ce010b26ffa66f90' },
    ]);
    // podman itself passes TARGETOS and TARGETPLATFORM
    expect(outputs.filter(({ kind }) => kind === 'warning')).toEqual([]);
  });

  test.each([
    ['[Warning] one or more build args were not consumed: [TARGETARCH GREETING]', '… not consumed: [GREETING]'],
    ['[Warning] one or more build args were not consumed: [TARGETARCH]', undefined],
    [
      'WARNING: image platform (linux/amd64) does not match the expected platform (linux/arm64)',
      'image platform (linux/amd64) does not match the expected platform (linux/arm64)',
    ],
    [
      'time="2026-01-02T03:04:05Z" level=warning msg="image platform ({amd64 linux  [] }) does not match the expected platform ({arm64 linux  [] })"',
      'image platform ({amd64 linux  [] }) does not match the expected platform ({arm64 linux  [] })',
    ],
    ['WARNING: a program prints this', undefined],
  ])('warns of what concerns the build: %s', async (line, text) => {
    const outputs: EngineOutput[] = [];
    const output = new PodmanBuildOutput({ instructions: [], buildArgs: {} }, (each) => outputs.push(each));
    output.read({ stream: 'STEP 1/1: FROM base\n' });
    output.read({ stream: `${line}\n` });
    const warnings = outputs.flatMap((each) => (each.kind === 'warning' ? each : []));
    expect(warnings.map((each) => each.stepId)).toEqual(text === undefined ? [] : ['0:1']);
    expect(warnings[0]?.text.replace(/^one .*not/, '… not')).toBe(text);
  });

  test('counts steps over all stages, with the Containerfile also those of later stages', async () => {
    const steps = async (...containerfile: string[]) =>
      (await read(podman5, podman5.length, containerfile)).outputs.flatMap((each) =>
        each.kind === 'step-started' ? [`${each.id} ${each.index}/${each.total} ${each.stage} ${each.line ?? ''}`] : [],
      );
    expect(await steps()).toEqual([
      // the length of the second stage is not known yet
      '0:1 1/2 stage 1 ',
      '0:2 2/2 stage 1 ',
      '1:1 3/5 stage 2 ',
      '1:2 4/5 stage 2 ',
      '1:3 5/5 stage 2 ',
    ]);
    expect(
      await steps('ARG X', 'FROM scratch AS base', 'ARG TARGETARCH', 'FROM base', 'RUN ["/bin/busybox"]', 'CMD []'),
    ).toEqual(['0:1 1/5 base 2', '0:2 2/5 base 3', '1:1 3/5 stage 2 4', '1:2 4/5 stage 2 5', '1:3 5/5 stage 2 6']);
  });

  test('ends with the id of the image', async () => {
    const four = await read(podman4);
    const five = await read(podman5);
    expect(four.output.imageId).toBe('e51f6a280e5209534201a9ba02117b03d35e8d1431ff6ff4ce010b26ffa66f90');
    expect(five.output.imageId).toBe('e6abc5a3a9ab6db55f609d196d75f8f847c758f43bb9f7a26cefcb16bf94f92d');
    expect(four.output.error).toBeUndefined();
  });

  test('gives the last id if a step prints what looks like one', async () => {
    const [printed, image] = ['a'.repeat(64), 'b'.repeat(64)];
    const { output, lines } = await read(stream(`${printed}\n`, 'COMMIT\n', `${image}\n`));
    expect(output.imageId).toBe(image);
    expect(lines).toContain(printed);
  });

  test('gives the same result however its bytes are split', async () => {
    const whole = await read(podman4);
    for (const size of [1, 2, 7, 100]) {
      expect((await read(podman4, size)).outputs).toEqual(whole.outputs);
    }
  });

  test('gives whole lines from partial ones', async () => {
    const { lines } = await read(stream('STEP 1/1: RUN x\n', 'down', 'load', 'ed\nnext\n'));
    expect(lines).toEqual(['downloaded', 'next']);
  });

  test('ends a partial line at the next message of podman', async () => {
    expect((await read(podman4)).lines).toContain('tail');
    expect((await read(podman5)).lines.slice(0, 3)).toEqual(['out', 'err', 'pro']);
  });

  test('gives a last line without a line end', async () => {
    expect((await read(stream('STEP 1/1: RUN x\n', 'cut off'))).lines).toEqual(['cut off']);
  });

  test('gives progress bars as a terminal shows them, and keeps colours, tabs and empty lines', async () => {
    const { lines } = await read(podman4);
    expect(lines.slice(3, 8)).toEqual(['30%', 'ünïcödé \u001b[31mred\u001b[0m', '', '\ttabbed', 'STEP 9/9: spoof']);
  });

  test.each([
    ['another number', 'STEP 3/2: RUN spoof\n'],
    ['another total', 'STEP 2/4: RUN spoof\n'],
    ['a stage of a build inside the build', '[1/2] STEP 1/1: FROM spoof\n'],
    ['the right numbers after other output', 'output\nSTEP 2/2: RUN spoof\n'],
    ['the right numbers in mid-line', 'out', 'STEP 2/2: RUN spoof'.slice(0, 4), ' 2/2: RUN spoof\n'],
  ])('takes a step that a program prints with %s for a line', async (_, ...printed) => {
    const { outputs, lines } = await read(stream('STEP 1/2: FROM x\n', ...printed, 'STEP 2/2: RUN y\n'));
    expect(outputs.flatMap((each) => (each.kind === 'step-started' ? [each.name] : []))).toEqual(['FROM x', 'RUN y']);
    expect(lines.join(' ')).toContain('spoof');
  });

  test('ignores a program that prints the first step of another stage in a build with several', async () => {
    const { outputs } = await read(
      stream(
        '[1/3] STEP 1/2: FROM x\n',
        '[2/3] STEP 1/1: FROM spoof\n',
        '[1/3] STEP 2/2: RUN y\n',
        '[3/3] STEP 1/1: FROM z\n',
      ),
    );
    expect(outputs.flatMap((each) => (each.kind === 'step-started' ? [each.id] : []))).toEqual(['0:1', '0:2', '2:1']);
  });

  test('splits very long lines', async () => {
    const piece = 'x'.repeat(50_000);
    const { lines } = await read(stream('STEP 1/1: RUN x\n', piece, piece, piece));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.join('')).toBe(piece.repeat(3));
  });

  test('distinguishes new layers from cached ones', async () => {
    const { output } = await read(podman4);
    expect([...output.madeLayers]).toEqual(['b32d5c34d26', '971c3de7fdd', '952c3c01fa4', 'e51f6a280e5']);
    expect([...output.cachedLayers]).toEqual(['63ff6097a760784fb23b5106d792694126df15a989dcf4810772b8af25f793cf']);
    expect(output.isCached).toBe(false);
  });

  test('gives the last line of a step as its layer, and earlier ones as output', async () => {
    const { output, lines } = await read(
      stream(
        'STEP 1/2: RUN x\n',
        '--> deadbeef123\n--> deadbeef124\n',
        'more\n',
        '--> b32d5c34d26\n',
        'STEP 2/2: RUN y\n',
      ),
    );
    expect([...output.madeLayers]).toEqual(['b32d5c34d26']);
    expect(lines).toEqual(['--> deadbeef123', '--> deadbeef124', 'more']);
  });

  test('gives the base images', async () => {
    const { output } = await read(stream('STEP 1/2: FROM --platform=linux/amd64 alpine:3.20 AS x\n'));
    expect(output.baseImages).toEqual(['alpine:3.20']);
  });

  test('gives the error and the step that failed', async () => {
    const { output, outputs } = await read(failed);
    expect(output.error).toBe(
      'building at STEP "RUN /bin/busybox sh -c echo about to fail; exit 3": while running runtime: exit status 3',
    );
    expect(output.step).toMatchObject({ index: 2, total: 2 });
    expect(outputs.at(-1)).toEqual({ kind: 'step-ended', id: '0:2', cached: false, error: output.error });
    expect(output.imageId).toBeUndefined();
  });

  test('fails on invalid messages', async () => {
    for (const text of ['<html>no</html>\n', '{"stream":1}\n', '[]\n']) {
      await expect(read(text)).rejects.toMatchObject({ problem: { code: 'engine.answer' } });
    }
  });
});

test('progress that redraws itself endlessly is reported in parts, as a terminal shows it', () => {
  const lines: string[] = [];
  const output = new PodmanBuildOutput(testBuild(), (each) => each.kind === 'log' && lines.push(each.text));
  for (let percent = 0; percent < 20_000; percent += 1) {
    output.read({ stream: `\rdone ${percent} ` });
  }
  output.end();
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.every((line) => line.length < 20)).toBe(true);
  expect(lines.at(-1)).toBe('done 19999 ');
});

test("podman's dump of an unknown instruction is not shown", () => {
  const reports: EngineOutput[] = [];
  const output = new PodmanBuildOutput(testBuild(), (report) => reports.push(report));
  output.read({ stream: 'STEP 1/1: RUNN echo\n' });
  output.read({
    stream: 'time="2026-11-29T11:10:31Z" level=error msg="+(UNHANDLED LOGLEVEL) &imagebuilder.Step{Env:[]string{}}"\n',
  });
  output.read({
    error: 'building at STEP "RUNN ": Build error: Unknown instruction: "RUNN" &imagebuilder.Step{Env:[]string{}}',
  });
  output.end();
  expect(output.error).toBe('building at STEP "RUNN ": Build error: Unknown instruction: "RUNN"');
  expect(JSON.stringify(reports)).not.toContain('imagebuilder');
});

test('a program that prints the next step with another instruction does not take its place', () => {
  const instructions = testInstructions('FROM x', 'RUN make', 'COPY a b');
  const started: string[] = [];
  const output = new PodmanBuildOutput(testBuild({ instructions }), (report) => {
    if (report.kind === 'step-started') {
      started.push(report.name);
    }
  });
  for (const stream of ['STEP 1/3: FROM x\n', 'STEP 2/3: RUN make\n', 'STEP 3/3: X\n', 'STEP 3/3: COPY a b\n']) {
    output.read({ stream });
  }
  expect(started).toEqual(['FROM x', 'RUN make', 'COPY a b']);
});
