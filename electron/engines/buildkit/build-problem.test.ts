import { expect, test } from 'vitest';
import { testBuild } from '../testing/engine-build.ts';
import { BuildKitOutput } from './build-output.ts';
import { buildProblem } from './build-problem.ts';
import { sampleStatus } from './testing/sample-status.ts';

/** The problem of a build that failed with an error message of docker 26.1.5, at a step or before the first one. */
function problemOf(error: string, step?: string) {
  const output = new BuildKitOutput(testBuild(), () => undefined);
  output.failedStep = step === undefined ? undefined : { id: '0:2', index: 2, total: 3, name: step, stage: 'build' };
  return buildProblem({ node: 'pi4', kind: 'docker' }, testBuild(), output, error).problem;
}

const exited = (command: string, code: number) =>
  `process "/bin/sh -c ${command}" did not complete successfully: exit code: ${code}`;

test.each([
  [exited('npm ci', 1), 'RUN npm ci', 'RUN npm ci (exit status 1).', /Read the last lines/],
  [exited('nope', 127), 'RUN nope', 'RUN nope (exit status 127, command not found).', /installs the command/],
  [exited('make', 137), 'RUN make', 'RUN make (killed, exit status 137).', /out of memory/],
  [
    'failed to compute cache key: failed to calculate checksum of ref 361d::xgr9: "/missing.txt": not found',
    'COPY missing.txt /x',
    'COPY missing.txt /x ("missing.txt" is not in the context, stage or image that it copies from).',
    /\.dockerignore/,
  ],
  [
    'failed to solve: process "/bin/sh -c x" did not start: exec format error',
    'RUN x',
    'RUN x (the program is built for another platform).',
    /linux\/arm64/,
  ],
])('a step that failed with %s is explained', (error, step, message, fix) => {
  expect(problemOf(error, step)).toEqual({
    code: 'build.failed',
    message: `Node pi4: step 2 of 3 (build) failed: ${message}`,
    fix: expect.stringMatching(fix),
    detail: error,
  });
});

const unresolved = (name: string, why: string) => `${name}: failed to resolve source metadata for ${name}: ${why}`;

test.each([
  [unresolved('docker.io/library/nope:1', 'docker.io/library/nope:1: not found'), /does not have it\.$/],
  [
    unresolved('ghcr.io/me/secret:1', 'pull access denied, repository does not exist or may require authorization'),
    /denies access to it/,
  ],
  [
    unresolved('x.invalid/y:1', 'failed to do request: Head "https://x.invalid/v2/": dial tcp: no such host'),
    /cannot reach the registry/,
  ],
  [unresolved('a/b:1', 'no match for platform in manifest: not found'), /is not available for linux\/arm64/],
  [unresolved('r.example/b:1', 'tls: failed to verify certificate: x509: unknown authority'), /does not trust/],
])('a base image that could not be pulled is explained: %s', (error, message) => {
  const problem = problemOf(error);
  expect(problem.message).toMatch(/^Node pi4: cannot get the base image \S+: /);
  expect(problem.message).toMatch(message);
});

test('the image of the line # syntax= that could not be pulled is one that another node may get', () => {
  const problem = problemOf(
    'failed to resolve source metadata for docker.io/docker/dockerfile:1: failed to do request: Head "https://registry-1.docker.io/v2/docker/dockerfile/manifests/1": dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host',
  );
  expect(problem).toMatchObject({
    code: 'engine.pull',
    message:
      'Node pi4: cannot get the base image docker.io/docker/dockerfile:1 of the line # syntax=: the node cannot reach the registry.',
  });
});

test('a secret as a variable, which an old BuildKit does not know, is one that another node may know', () => {
  expect(problemOf("unexpected key 'env' in 'env=TOKEN'").code).toBe('engine.unsupported');
  expect(problemOf("unexpected key 'evn' in 'evn=TOKEN'").code).toBe('build.failed');
});

test('a base image whose name is not in the error of docker 20.10 is named by the operation that failed', () => {
  const output = new BuildKitOutput(testBuild(), () => undefined);
  const error = 'failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized';
  const lookUp = { digest: 'sha256:a', name: '[internal] load metadata for r.example/private:1' };
  output.read(sampleStatus({ vertexes: [{ ...lookUp, started: true, completed: true, error }] }));
  const whole = `failed to solve with frontend dockerfile.v0: failed to create LLB definition: ${error}`;
  expect(buildProblem({ node: 'pi4', kind: 'docker' }, testBuild(), output, whole).problem.message).toBe(
    'Node pi4: cannot get the base image r.example/private:1: the registry denies access to it or does not have it.',
  );
});

test('a step that fails because there is no space left is the failure of the node', () => {
  const error = 'process "/bin/sh -c make" did not complete successfully: exit code: 1';
  const output = {
    failedStep: undefined,
    failedImage: undefined,
    lastLines: ['cc: x.o: No space left on device', 'make: Error 1'],
  };
  const { problem } = buildProblem({ node: 'pi4', kind: 'docker' }, testBuild(), output, error);
  expect(problem).toMatchObject({ code: 'disk.full', actions: [{ id: 'free-disk', node: 'pi4' }] });
});

test('a step that is killed because its node has no memory left is the failure of the node', () => {
  const error = 'process "/bin/sh -c make" did not complete successfully: cannot allocate memory';
  expect(problemOf(error, 'RUN make')).toMatchObject({
    code: 'engine.memory',
    message: expect.stringContaining('(the node ran out of memory)'),
  });
  const printed =
    'process "/bin/sh -c echo did not complete successfully: cannot allocate memory" did not complete successfully: exit code: 1';
  expect(problemOf(printed, 'RUN x').code).toBe('build.failed');
});

test.each([
  ['failed to read dockerfile: open Containerfile: no such file or directory', 'it is not in the context'],
  ['the Dockerfile cannot be empty', 'it is empty'],
  ['target stage "zzz" could not be found', 'it has no stage "zzz"'],
  [
    'dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)',
    '"RUNN" in line 2 is not an instruction',
  ],
])('an unusable Containerfile is explained: %s', (error, reason) => {
  expect(problemOf(error).message).toBe(`Node pi4: docker cannot use Containerfile: ${reason}.`);
});

test('a full disk is recognised in the error, but not in the command of the step', () => {
  expect(problemOf('failed to copy: write /var/lib/docker/x: no space left on device').code).toBe('disk.full');
  const command = 'echo no space left on device; exit 1';
  expect(problemOf(exited(command, 1), `RUN ${command}`).code).toBe('build.failed');
});

test('the lines of a failed step are named: those that docker names, else those of its instruction', () => {
  const build = testBuild({
    file: 'deploy/Dockerfile',
    instructions: [{ text: 'RUN npm ci', firstLine: 4, lastLine: 6 }],
  });
  const output = new BuildKitOutput(build, () => undefined);
  output.failedStep = { id: '0:2', index: 2, total: 3, name: 'RUN npm ci', stage: 'build', line: 4 };
  const own = buildProblem({ node: 'pi4', kind: 'docker' }, build, output, exited('npm ci', 1)).problem;
  expect(own.message).toBe('Node pi4: step 2 of 3 (build, deploy/Dockerfile:4) failed: RUN npm ci (exit status 1).');
  expect(own.source).toEqual({ file: 'deploy/Dockerfile', firstLine: 4, lastLine: 6 });
  const named = { file: 'deploy/Dockerfile', firstLine: 9, lastLine: 9 };
  expect(
    buildProblem({ node: 'pi4', kind: 'docker' }, build, output, exited('npm ci', 1), named).problem.source,
  ).toEqual(named);
});

test('a Containerfile that docker cannot read is shown at the line with the error', () => {
  const output = new BuildKitOutput(testBuild(), () => undefined);
  const source = { file: 'Containerfile', firstLine: 2, lastLine: 2 };
  const error = 'dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)';
  expect(buildProblem({ node: 'pi4', kind: 'docker' }, testBuild(), output, error, source).problem).toMatchObject({
    source,
    fix: 'Correct the Containerfile.',
  });
});

test.each([
  [
    'granting entitlement network.host is not allowed by build daemon configuration',
    'Node pi4: docker does not allow build steps to use the network of the node.',
  ],
  ['unknown cache exporter: "gha"', 'Node pi4: docker writes no build cache of the type "gha".'],
  ['unknown cache importer: s3', 'Node pi4: docker reads no build cache of the type "s3".'],
])('an option that the node does not allow is named: %s', (error, message) => {
  expect(problemOf(error)).toMatchObject({ code: 'engine.unsupported', message, detail: error });
  expect(problemOf(exited(error, 1), 'RUN x').code).toBe('build.failed');
});
