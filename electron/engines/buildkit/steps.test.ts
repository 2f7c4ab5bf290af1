import { expect, test } from 'vitest';
import { testInstructions } from '../testing/engine-build.ts';
import { BuildKitSteps } from './steps.ts';

const stepsOf = (texts: readonly string[], target?: string) => new BuildKitSteps(testInstructions(...texts), target);
const steps = stepsOf([
  'ARG VERSION=1',
  'FROM golang:1.24 AS Build',
  'WORKDIR /src',
  'ENV CGO_ENABLED=0',
  'RUN go build',
  'FROM build AS test',
  'RUN go test',
  'FROM scratch',
  'LABEL a=b',
  'COPY --from=build /app /app',
]);

function stepNamed(all: BuildKitSteps, name: string) {
  const found = all.find(name);
  return found && all.step(found);
}

// the stage "test" is not built
test.each([
  ['[build 1/3] FROM docker.io/library/golang:1.24@sha256:0', '0:1', 'FROM golang:1.24 AS Build', 1, 'Build', 2],
  ['[build 3/3] RUN go build', '0:4', 'RUN go build', 4, 'Build', 5],
  ['[linux/arm64 build 2/3] WORKDIR /src', '0:2', 'WORKDIR /src', 2, 'Build', 3],
  ['[stage-2 1/1] COPY --from=build /app /app', '2:3', 'COPY --from=build /app /app', 7, 'stage 3', 10],
])('the operation %s is the step %s', (operation, id, name, index, stage, line) => {
  expect(stepNamed(steps, operation)).toMatchObject({ id, name, index, total: 7, stage, line });
});

test('a step uses the step before it and the last steps of the stages that it copies from', () => {
  expect(stepNamed(steps, '[stage-2 1/1] COPY --from=build /app /app')?.inputs).toEqual(['2:2', '0:4']);
  expect(stepNamed(steps, '[build 1/3] FROM golang:1.24')?.inputs).toBeUndefined();
  // its FROM names a stage, which is not an operation
  expect(stepNamed(steps, '[test 1/1] RUN go test')).toMatchObject({ id: '1:2', inputs: ['1:1'] });
});

test('only the stages that the target needs are counted', () => {
  const texts = [
    ...['FROM a AS one', 'RUN 1', 'FROM b AS two', 'RUN 2', 'FROM c AS three'],
    ...['RUN --mount=type=bind,from=one,target=/x make', 'FROM d'],
  ];
  expect(stepNamed(stepsOf(texts, 'three'), '[three 2/2] RUN make')).toMatchObject({ id: '2:2', index: 4, total: 4 });
  expect(stepNamed(stepsOf(texts), '[stage-3 1/1] FROM d')).toMatchObject({ id: '3:1', index: 1, total: 1 });
});

test('internal operations of BuildKit are not steps', () => {
  expect(steps.find('[internal] load metadata for docker.io/library/golang:1.24')).toBeUndefined();
  expect(steps.find('exporting to image')).toBeUndefined();
});

test('steps of a Containerfile with one stage have no stage', () => {
  const one = stepsOf(['FROM alpine', 'ENV A=b', 'RUN make $A']);
  const run = stepNamed(one, '[2/2] RUN make b');
  expect(run).toMatchObject({ name: 'RUN make $A', index: 3, total: 3 });
  expect(run).not.toHaveProperty('stage');
  expect(stepNamed(one, '[1/2] FROM alpine')).toMatchObject({ name: 'FROM alpine', index: 1, total: 3 });
});

test('a step that is not in the Containerfile keeps its number from BuildKit', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  // ONBUILD in the base image added an instruction
  const onbuild = stepsOf(['FROM node', 'RUN npm ci']);
  expect(stepNamed(onbuild, '[2/3] COPY . /app')).toEqual({
    ...{ id: '0:2', name: 'COPY . /app', index: 2, total: 3 },
    inputs: ['0:1'],
  });
  expect(stepNamed(onbuild, `[1/3] FROM node@${digest}`)).toMatchObject({ name: 'FROM node', index: 1, total: 3 });
  const frontend = stepsOf([]);
  expect(stepNamed(frontend, '[base 1/2] FROM x')).toMatchObject({ id: '0:1', name: 'FROM x', index: 1, total: 2 });
  expect(stepNamed(frontend, '[app 1/1] RUN y')).toMatchObject({ id: '1:1', index: 3, total: 3 });
});

test('an operation that another build at the same time has begun and named is no step', () => {
  const one = stepsOf(['FROM alpine', 'RUN make']);
  expect(one.find('[other 1/3] FROM alpine')).toBeUndefined();
  expect(one.find('[stage-1 2/3] RUN make')).toBeUndefined();
  // a build with one stage does not name it
  expect(steps.find('[1/2] FROM golang:1.24')).toBeUndefined();
  expect(stepNamed(one, '[2/2] RUN make')).toMatchObject({ index: 2, total: 2 });
});

test('the siblings of a step are the other steps of its stage', () => {
  const step = steps.find('[build 2/3] WORKDIR /src');
  const { before = [], after = [] } = (step && steps.siblings(step)) ?? {};
  const names = (some: typeof before) => some.map((each) => steps.step(each).name);
  expect(names(before)).toEqual(['FROM golang:1.24 AS Build']);
  expect(names(after)).toEqual(['ENV CGO_ENABLED=0', 'RUN go build']);
});
