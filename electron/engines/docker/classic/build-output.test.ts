import { expect, test } from 'vitest';
import type { EngineOutput } from '../../engine.ts';
import { testBuild, testInstructions } from '../../testing/engine-build.ts';
import { ClassicBuildOutput, type ClassicMessage } from './build-output.ts';

const containerfile = [
  'ARG BASE=base',
  'FROM $BASE AS tools',
  'RUN echo tools',
  'FROM $BASE',
  'COPY x /x',
  'CMD ["x"]',
];
const ids = {
  base: 'dfb791c422c4',
  tools: '7679de33e44c',
  copy: 'bf3e069fe4a7',
  cmd: '8faeb36aa07f',
  label: '4c56bcb85706',
};
const fullId = `sha256:${ids.label}8cbfe41d3319dcf2e689b351d65c8508489303698207436527aa`;
const container = '6c2eb54f2af5';
const red = '\u001b[91m';

const say = (...texts: string[]): ClassicMessage[] => texts.map((stream) => ({ stream }));
const step = (number: number, text: string, total = 7): ClassicMessage[] =>
  say(`Step ${number}/${total} : ${text}`, '\n');

/** As docker 20.10 sends it. docker 26.1 begins the line of a removed container with an arrow. */
function stream(removed: string): ClassicMessage[] {
  return [
    ...step(1, 'ARG BASE=base'),
    ...step(2, 'FROM $BASE AS tools'),
    { status: 'Pulling from base', id: '1' },
    { status: 'Downloading', id: '16023f097d37', progressDetail: { current: 10, total: 100 } },
    { status: 'Downloading', id: '26023f097d37', progressDetail: { current: 50, total: 200 } },
    { status: 'Download complete', id: '16023f097d37', progressDetail: {} },
    { status: 'Digest: sha256:adb9' },
    ...say(` ---> ${ids.base}\n`),
    ...step(3, 'RUN echo tools'),
    ...say(
      ' ---> [Warning] IPv4 forwarding is disabled. Networking will not work.\n',
      ` ---> Running in ${container}\n`,
    ),
    ...say(`${red}to stderr\n\u001b[0m`, 'tools\nin two ', 'parts', '\u001b[32m green\u001b[0m'),
    ...say(`${removed} ${container}\n`, ` ---> ${ids.tools}\n`),
    { aux: { ID: `sha256:${ids.tools}${'0'.repeat(52)}` } },
    ...step(4, 'FROM $BASE'),
    ...say(` ---> ${ids.base}\n`),
    ...step(5, 'COPY x /x'),
    ...say(' ---> Using cache\n', ` ---> ${ids.copy}\n`),
    ...step(6, 'CMD ["x"]'),
    ...say(
      ' ---> [Warning] IPv4 forwarding is disabled. Networking will not work.\n',
      ' ---> Running in 02a14fda79d3\n',
    ),
    ...say(`${removed} 02a14fda79d3\n`, ` ---> ${ids.cmd}\n`),
    ...step(7, 'LABEL l=m'),
    ...say(' ---> Using cache\n', ` ---> ${ids.label}\n`),
    { aux: { ID: fullId } },
    ...say('[Warning] One or more build-args [MINE TARGETARCH] were not consumed\n'),
    ...say(`Successfully built ${ids.label}\n`, 'Successfully tagged localhost/x:1\n'),
  ];
}

function read(messages: readonly ClassicMessage[], lines: readonly string[] = containerfile, target?: string) {
  const outputs: EngineOutput[] = [];
  const build = testBuild({
    instructions: testInstructions(...lines),
    buildArgs: { MINE: '1' },
    ...(target === undefined ? {} : { target }),
  });
  const output = new ClassicBuildOutput(build, (each) =>
    outputs.push(each.kind === 'log' ? { ...each, time: 0 } : each),
  );
  for (const message of messages) {
    output.read(message);
  }
  output.end();
  const texts = outputs.flatMap((each) => (each.kind === 'log' ? [`${each.stepId} ${each.stream} ${each.text}`] : []));
  const steps = outputs.flatMap((each) =>
    each.kind === 'step-started' ? [`${each.index}/${each.total} ${each.stage} line ${each.line}: ${each.name}`] : [],
  );
  return { output, outputs, texts, steps };
}

test.each(['Removing intermediate container', ' ---> Removed intermediate container'])(
  'the stream of the classic builder becomes steps, layers and lines (%s)',
  (removed) => {
    const { output, outputs, texts, steps } = read(stream(removed));
    expect(steps).toEqual([
      '1/6 tools line 2: FROM $BASE AS tools',
      '2/6 tools line 3: RUN echo tools',
      '3/6 stage 2 line 4: FROM $BASE',
      '4/6 stage 2 line 5: COPY x /x',
      '5/6 stage 2 line 6: CMD ["x"]',
      // a label that is an option of the build
      '6/6 stage 2 line undefined: LABEL l=m',
    ]);
    expect(outputs.flatMap((each) => (each.kind === 'step-ended' ? [`${each.id} ${each.cached}`] : []))).toEqual([
      ...['0:1 false', '0:2 false', '1:1 false', '1:2 true', '1:3 false', '1:4 true'],
    ]);
    // the base image is not an image of a step
    expect(outputs.flatMap((each) => (each.kind === 'layer' ? [`${each.imageId} ${each.cached}`] : []))).toEqual([
      ...[
        `sha256:${ids.tools} false`,
        `sha256:${ids.copy} true`,
        `sha256:${ids.cmd} false`,
        `sha256:${ids.label} true`,
      ],
    ]);
    expect(texts).toEqual([
      '0:1 engine Pulling from base',
      '0:1 engine 16023f097d37 100 B downloaded',
      '0:1 engine Digest: sha256:adb9',
      '0:2 stderr to stderr',
      '0:2 stdout tools',
      '0:2 stdout in two parts\u001b[32m green\u001b[0m',
      `1:4 engine Successfully built ${ids.label}`,
      '1:4 engine Successfully tagged localhost/x:1',
    ]);
    expect(outputs.filter(({ kind }) => kind === 'warning')).toEqual([
      // once, although docker repeats it
      { kind: 'warning', text: 'IPv4 forwarding is disabled. Networking will not work.', stepId: '0:2' },
      { kind: 'warning', text: 'One or more build-args [MINE] were not consumed', stepId: '1:4' },
    ]);
    expect(outputs.filter(({ kind }) => kind === 'step-progress')).toEqual([
      { kind: 'step-progress', id: '0:1', current: 10, total: 100, unit: 'bytes' },
      { kind: 'step-progress', id: '0:1', current: 60, total: 300, unit: 'bytes' },
    ]);
    expect(output.imageId).toBe(fullId);
  },
);

test('a program that prints what the builder prints changes nothing', () => {
  const spoof = say(
    'Step 3/7 : RUN echo tools',
    ' ---> Using cache\n',
    ` ---> ${ids.cmd}\n`,
    `Successfully built ${ids.cmd}\n`,
  );
  const { output, outputs } = read(
    [...step(1, 'FROM base', 2), ...step(2, 'RUN sh', 2), ...say(` ---> Running in ${container}\n`), ...spoof],
    ['FROM base', 'RUN sh'],
  );
  expect(output.imageId).toBeUndefined();
  expect(outputs.filter(({ kind }) => kind === 'step-started')).toHaveLength(2);
  expect(outputs.filter(({ kind }) => kind === 'layer')).toEqual([]);
});

test('the steps of a base image (ONBUILD) belong to FROM, and their image is a layer', () => {
  const { outputs, texts } = read(
    [
      ...step(1, 'FROM base', 2),
      ...say('# Executing 1 build trigger', '\n', ` ---> Running in ${container}\n`, 'triggered\n'),
      ...say(`Removing intermediate container ${container}\n`, ` ---> ${ids.tools}\n`),
      ...step(2, 'RUN x', 2),
    ],
    ['FROM base', 'RUN x'],
  );
  expect(texts).toContain('0:1 stdout triggered');
  expect(outputs).toContainEqual({ kind: 'layer', imageId: `sha256:${ids.tools}`, cached: false });
});

test('all stages before the target are built, and none after it', () => {
  const { steps } = read(
    [...step(1, 'FROM a AS a', 3), ...step(2, 'FROM b AS b', 3), ...step(3, 'RUN b', 3)],
    ['FROM a AS a', 'FROM b AS b', 'RUN b', 'FROM c AS c', 'RUN c'],
    'b',
  );
  expect(steps).toEqual(['1/3 a line 1: FROM a AS a', '2/3 b line 2: FROM b AS b', '3/3 b line 3: RUN b']);
});

test('a failed step ends with the error, and knows its last lines', () => {
  const message = "The command '/bin/sh -c exit 3' returned a non-zero code: 3";
  const { output, outputs } = read(
    [
      ...step(1, 'FROM base', 2),
      ...step(2, 'RUN exit 3', 2),
      ...say(` ---> Running in ${container}\n`, 'last'),
      ...say(`Removing intermediate container ${container}\n`),
      { error: message, errorDetail: { message } },
    ],
    ['FROM base', 'RUN exit 3'],
  );
  expect(outputs.at(-1)).toEqual({ kind: 'step-ended', id: '0:2', cached: false, error: message });
  expect(output.lastLines.lines).toEqual(['last']);
  expect(output.imageId).toBeUndefined();
});

test('a stream that ends early has no image, although an earlier stage had one', () => {
  expect(read(stream('Removing intermediate container').slice(0, -2)).output.imageId).toBeUndefined();
});

test('a docker that does not send the whole id is taken at its word', () => {
  const messages = stream('Removing intermediate container').filter(({ aux }) => !aux);
  expect(read(messages).output.imageId).toBe(`sha256:${ids.label}`);
});
