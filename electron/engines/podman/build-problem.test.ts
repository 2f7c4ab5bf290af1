import { expect, test } from 'vitest';
import { testBuild } from '../testing/engine-build.ts';
import { BuildOutput } from './build-output.ts';
import { buildProblem, contextProblem } from './build-problem.ts';

/** The problem of a build that has said these lines and failed with this error, as podman 4.3.1 or 5.4.2 words it. */
function problemAfter(lines: string, error: string) {
  const output = new BuildOutput(() => {});
  output.read({ stream: lines });
  return buildProblem('pi4', testBuild(), output, error).problem;
}

const steps = (...texts: string[]) => texts.map((text, i) => `STEP ${i + 1}/5: ${text}\n`).join('');

test('a step that fails is named with its number, its text and its exit status', () => {
  const error = 'building at STEP "RUN npm ci": while running runtime: exit status 1';
  expect(problemAfter(steps('FROM node:20', 'COPY . .', 'RUN npm ci'), error)).toMatchObject({
    code: 'build.failed',
    message: 'Node pi4: step 3 of 5 failed: RUN npm ci (exit status 1).',
    detail: error,
  });
});

test('a step in one of several stages is named with its stage', () => {
  const { message } = problemAfter(
    '[2/2] STEP 1/3: FROM scratch\n[2/2] STEP 2/3: COPY --from=zzz /a /b\n',
    'COPY --from=zzz: no stage or image found with that name',
  );
  expect(message).toBe(
    'Node pi4: step 2 of 3 in stage 2 of 2 failed: COPY --from=zzz /a /b (no stage and no image has that name).',
  );
});

test('a long step is shortened to one line', () => {
  const { message } = problemAfter(
    steps('FROM x', `RUN ${'a && \\ \n '.repeat(1)}${'b '.repeat(200)}`),
    'building at STEP "RUN": while running runtime: exit status 2',
  );
  expect(message).not.toContain('\n');
  expect(message.length).toBeLessThan(220);
});

test('a file that is missing in the context is told apart from one that is missing in a stage', () => {
  const copy = (folder: string) =>
    problemAfter(
      steps('FROM scratch', 'COPY missing /x'),
      `building at STEP "COPY missing /x": checking on sources under "${folder}": copier: stat: "/missing": no such file or directory`,
    );
  expect(copy('/var/tmp/libpod_builder2582886004/build').message).toContain('("/missing" is not in the context)');
  expect(copy('/var/tmp/libpod_builder2582886004/build').fix).toContain('.containerignore');
  expect(copy('/var/lib/containers/storage/overlay/6dcd/merged').message).toContain('is not in what it copies from');
});

test.each([
  [
    'pinging container registry r.example: Get "https://r.example/v2/": dial tcp: lookup r.example on 10.0.0.1:53: no such host',
    'the node cannot reach its registry',
  ],
  ['reading manifest 1 in r.example/nope: manifest unknown', 'its registry does not have it'],
  ['reading manifest 1 in r.example/nope: unauthorized: authentication required', 'does not give it to this node'],
  [
    'choosing an image from manifest list docker://r.example/x:1: no image found in manifest list for architecture arm64, variant "v8", OS linux',
    'it does not exist for linux/arm64',
  ],
  [
    'Get "https://r.example/v2/": tls: failed to verify certificate: x509: unknown authority',
    "its registry's certificate",
  ],
])('a base image that cannot be had says why: %s', (said, reason) => {
  const problem = problemAfter(
    'STEP 1/2: FROM r.example/x:1 AS base\n',
    `creating build container: initializing source docker://r.example/x:1: ${said}`,
  );
  expect(problem.code).toBe('build.failed');
  expect(problem.message).toContain('Node pi4: cannot get the base image r.example/x:1: ');
  expect(problem.message).toContain(reason);
});

test('a short name that podman cannot place is answered with the full one', () => {
  const { fix } = problemAfter(
    'STEP 1/2: FROM alpine\n',
    'creating build container: short-name "alpine" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"',
  );
  expect(fix).toContain('docker.io/library/alpine');
});

test('a Containerfile that cannot be read is named', () => {
  expect(problemAfter('', 'no FROM statement found').message).toBe(
    'Node pi4: podman cannot use Containerfile: no FROM statement found.',
  );
  expect(
    problemAfter('', 'stat /var/tmp/libpod_builder1030326180/build/Containerfile: no such file or directory').message,
  ).toBe('Node pi4: podman cannot use Containerfile: it is not in the context.');
  expect(problemAfter('', 'The target "q" was not found in the provided Dockerfile').message).toContain('no stage q');
});

test('a here-document that an old podman does not know is recognised', () => {
  const { fix } = problemAfter(
    steps('FROM x', 'RUN <<EOF', 'echo first'),
    'building at STEP "ECHO ": Build error: Unknown instruction: "ECHO" &imagebuilder.Step{}',
  );
  expect(fix).toContain('too old for here-documents');
});

test('a full disk is not blamed on the step', () => {
  const problem = problemAfter(
    steps('FROM x', 'RUN make'),
    'committing container for step: writing blob: write /var/tmp/storage: no space left on device',
  );
  expect(problem).toMatchObject({ code: 'disk.full', message: 'Node pi4 has no space left on its disk.' });
});

test('a context with a link that leads out of it is told by the name of the link', () => {
  const said = 'invalid symlink "/var/tmp/libpod_builder512/build/docs/up" -> "../../other"';
  expect(contextProblem('pi4', said)?.problem).toMatchObject({
    code: 'context.unreadable',
    message: expect.stringContaining('docs/up does, to ../../other'),
  });
  expect(contextProblem('pi4', 'no such registry')).toBeUndefined();
});
