import { expect, test } from 'vitest';
import { DockerSteps } from './steps.ts';

const steps = new DockerSteps([
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

test.each([
  ['[build 1/3] FROM docker.io/library/golang:1.24@sha256:0', 'FROM golang:1.24 AS Build', 1, 4, '1/3'],
  ['[build 3/3] RUN go build', 'RUN go build', 4, 4, '1/3'],
  ['[linux/arm64 build 2/3] WORKDIR /src', 'WORKDIR /src', 2, 4, '1/3'],
  // its FROM names a stage, which is not an operation
  ['[test 1/1] RUN go test', 'RUN go test', 2, 2, '2/3'],
  ['[stage-2 1/1] COPY --from=build /app /app', 'COPY --from=build /app /app', 3, 3, '3/3'],
])('the operation %s is the step %s', (name, text, index, total, stage) => {
  expect(steps.find(name)).toEqual({ text, index, total, stage });
});

test('internal operations of BuildKit are not steps', () => {
  expect(steps.find('[internal] load metadata for docker.io/library/golang:1.24')).toBeUndefined();
  expect(steps.find('exporting to image')).toBeUndefined();
});

test('steps of a Containerfile with one stage have no stage', () => {
  const steps = new DockerSteps(['FROM alpine', 'ENV A=b', 'RUN make $A']);
  expect(steps.find('[2/2] RUN make b')).toEqual({ text: 'RUN make $A', index: 3, total: 3 });
  expect(steps.find('[1/2] FROM alpine')).toEqual({ text: 'FROM alpine', index: 1, total: 3 });
});

test('a step that is not in the Containerfile keeps its number from BuildKit', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  // ONBUILD in the base image added an instruction
  const steps = new DockerSteps(['FROM node', 'RUN npm ci']);
  expect(steps.find('[2/3] COPY . /app')).toEqual({ text: 'COPY . /app', index: 2, total: 3 });
  expect(steps.find(`[1/3] FROM node@${digest}`)).toEqual({ text: 'FROM node', index: 1, total: 3 });
  expect(new DockerSteps([]).find('[base 1/2] FROM x')).toEqual({ text: 'FROM x', index: 1, total: 2, stage: 'base' });
});

test('the siblings of a step are the other steps of its stage', () => {
  const step = steps.find('[build 2/3] WORKDIR /src');
  expect(step && steps.siblings(step)).toMatchObject({
    before: [{ text: 'FROM golang:1.24 AS Build' }],
    after: [{ text: 'ENV CGO_ENABLED=0' }, { text: 'RUN go build' }],
  });
});
