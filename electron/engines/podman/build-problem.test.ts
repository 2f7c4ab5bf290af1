import { expect, test } from 'vitest';
import { testBuild } from '../testing/engine-build.ts';
import { PodmanBuildOutput } from './build-output.ts';
import { buildProblem, contextProblem } from './build-problem.ts';

/** The problem of a build with these output lines that failed with an error message of podman 4.3.1 or 5.4.2. */
function problemAfter(lines: string, error: string) {
  const output = new PodmanBuildOutput(testBuild(), () => {});
  for (const message of lines.split(/^(?=(?:\[\d\/\d\] )?STEP )/m)) {
    output.read({ stream: message });
  }
  return buildProblem('pi4', testBuild(), output, error).problem;
}

const steps = (...texts: string[]) => texts.map((text, i) => `STEP ${i + 1}/5: ${text}\n`).join('');

test('a failed step is reported with its number, its text and its exit status', () => {
  const error = 'building at STEP "RUN npm ci": while running runtime: exit status 1';
  expect(problemAfter(steps('FROM node:20', 'COPY . .', 'RUN npm ci'), error)).toMatchObject({
    code: 'build.failed',
    message: 'Node pi4: step 3 of 5 failed: RUN npm ci (exit status 1).',
    detail: error,
  });
});

test('a step in one of several stages is reported with its stage', () => {
  const { message } = problemAfter(
    '[2/2] STEP 1/3: FROM scratch\n[2/2] STEP 2/3: COPY --from=zzz /a /b\n',
    'COPY --from=zzz: no stage or image found with that name',
  );
  expect(message).toBe(
    'Node pi4: step 2 of 3 (stage 2) failed: COPY --from=zzz /a /b (no stage or image has that name).',
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

test('a file that is missing in the context is distinguished from one that is missing in a stage', () => {
  const copy = (folder: string) =>
    problemAfter(
      steps('FROM scratch', 'COPY missing /x'),
      `building at STEP "COPY missing /x": checking on sources under "${folder}": copier: stat: "/missing": no such file or directory`,
    );
  expect(copy('/var/tmp/libpod_builder2582886004/build').message).toContain('("/missing" is not in the context)');
  expect(copy('/var/tmp/libpod_builder2582886004/build').fix).toContain('.containerignore');
  expect(copy('/var/lib/containers/storage/overlay/6dcd/merged').message).toContain(
    'is not in the stage or image that it copies from',
  );
});

test.each([
  [
    'pinging container registry r.example: Get "https://r.example/v2/": dial tcp: lookup r.example on 10.0.0.1:53: no such host',
    'the node cannot reach the registry',
  ],
  ['reading manifest 1 in r.example/nope: manifest unknown', 'the registry does not have it'],
  ['reading manifest 1 in r.example/nope: unauthorized: authentication required', 'denies access to it'],
  [
    'choosing an image from manifest list docker://r.example/x:1: no image found in manifest list for architecture arm64, variant "v8", OS linux',
    'it is not available for linux/arm64',
  ],
  [
    'Get "https://r.example/v2/": tls: failed to verify certificate: x509: unknown authority',
    "the registry's certificate",
  ],
])('a base image that could not be pulled is explained: %s', (message, reason) => {
  const problem = problemAfter(
    'STEP 1/2: FROM r.example/x:1 AS base\n',
    `creating build container: initializing source docker://r.example/x:1: ${message}`,
  );
  expect(problem.code).toBe('build.failed');
  expect(problem.message).toContain('Node pi4: cannot get the base image r.example/x:1: ');
  expect(problem.message).toContain(reason);
});

test('the fix for an ambiguous short name is the full name', () => {
  const { fix } = problemAfter(
    'STEP 1/2: FROM alpine\n',
    'creating build container: short-name "alpine" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"',
  );
  expect(fix).toContain('docker.io/library/alpine');
});

test('a Containerfile that cannot be used is reported with the reason', () => {
  expect(problemAfter('', 'no FROM statement found').message).toBe(
    'Node pi4: podman cannot use Containerfile: no FROM statement found.',
  );
  expect(
    problemAfter('', 'stat /var/tmp/libpod_builder1030326180/build/Containerfile: no such file or directory').message,
  ).toBe('Node pi4: podman cannot use Containerfile: it is not in the context.');
  expect(problemAfter('', 'The target "q" was not found in the provided Dockerfile').message).toContain('no stage "q"');
});

test('a here-document that an old podman does not support is recognised', () => {
  const { fix } = problemAfter(
    steps('FROM x', 'RUN <<EOF', 'echo first'),
    'building at STEP "ECHO ": Build error: Unknown instruction: "ECHO" &imagebuilder.Step{}',
  );
  expect(fix).toContain('too old for here-documents');
});

test('a full disk is reported instead of the step', () => {
  const problem = problemAfter(
    steps('FROM x', 'RUN make'),
    'committing container for step: writing blob: write /var/tmp/storage: no space left on device',
  );
  expect(problem).toMatchObject({ code: 'disk.full', message: 'Node pi4 has no space left on its disk.' });
});

test('a link that points out of the context is reported with its name', () => {
  const message = 'invalid symlink "/var/tmp/libpod_builder512/build/docs/up" -> "../../other"';
  expect(contextProblem('pi4', message)?.problem).toMatchObject({
    code: 'context.unreadable',
    message: expect.stringContaining('the link docs/up points out of it, to ../../other'),
  });
  expect(contextProblem('pi4', 'no such registry')).toBeUndefined();
});
