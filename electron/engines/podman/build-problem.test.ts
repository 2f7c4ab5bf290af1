import { describe, expect, test } from 'vitest';
import type { EngineBuild } from '../engine.ts';
import { testBuild, testInstructions } from '../testing/engine-build.ts';
import { PodmanBuildOutput } from './build-output.ts';
import { buildProblem, contextProblem } from './build-problem.ts';

/** The problem of a build with these output lines that failed with an error message of podman 4.3.1 or 5.4.2. */
function problemAfter(lines: string, error: string, changes: Partial<EngineBuild> = {}, version = '5.4.2') {
  const build = testBuild(changes);
  const output = new PodmanBuildOutput(build, () => {});
  for (const message of lines.split(/^(?=(?:\[\d\/\d\] )?STEP )/m)) {
    output.read({ stream: message });
  }
  return buildProblem('pi4', version, build, output, error).problem;
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
  expect(copy('/var/tmp/libpod_builder2582886004/build').message).toContain('("missing" is not in the context)');
  expect(copy('/var/tmp/libpod_builder2582886004/build').fix).toContain('.containerignore');
  expect(copy('/var/lib/containers/storage/overlay/6dcd/merged').message).toContain(
    'is not in the stage or image that it copies from',
  );
});

test.each([
  [
    'pinging container registry r.example: Get "https://r.example/v2/": dial tcp: lookup r.example on 10.0.0.1:53: no such host',
    'the node cannot reach the registry',
    'engine.pull',
  ],
  ['reading manifest 1 in r.example/nope: manifest unknown', 'the registry does not have it', 'build.failed'],
  [
    'reading manifest 1 in r.example/nope: unauthorized: authentication required',
    'denies access to it',
    'build.failed',
  ],
  [
    'choosing an image from manifest list docker://r.example/x:1: no image found in manifest list for architecture arm64, variant "v8", OS linux',
    'it is not available for linux/arm64',
    'build.failed',
  ],
  [
    'Get "https://r.example/v2/": tls: failed to verify certificate: x509: unknown authority',
    "the registry's certificate",
    'engine.pull',
  ],
  ['fetching blob: received unexpected HTTP status: 503 Service Unavailable', 'fetching blob', 'engine.pull'],
])('a base image that could not be pulled is explained: %s', (message, reason, code) => {
  const problem = problemAfter(
    'STEP 1/2: FROM r.example/x:1 AS base\n',
    `creating build container: initializing source docker://r.example/x:1: ${message}`,
  );
  // another node may get an image that exists
  expect(problem.code).toBe(code);
  expect(problem.message).toContain('Node pi4: cannot get the base image r.example/x:1: ');
  expect(problem.message).toContain(reason);
});

test.each([
  ['alpine:3.22', 'docker.io/library/alpine:3.22'],
  ['team/api', 'docker.io/team/api'],
])('what is said of the ambiguous short name %s has the whole name %s', (name, whole) => {
  const { message } = problemAfter(
    `STEP 1/2: FROM ${name}\n`,
    `creating build container: short-name "${name}" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"`,
  );
  expect(message).toContain(`its whole name is ${whole}.`);
});

test('a step that mounts a secret that the build does not have says how to give it', () => {
  const text = 'RUN --mount=type=cache,target=/c --mount=type=secret,target=/run/secrets/token cat /run/secrets/token';
  const changes = { instructions: testInstructions('FROM x', text) };
  const after = (secrets: readonly string[]) =>
    problemAfter(
      `STEP 1/2: FROM x\nSTEP 2/2: ${text}\n`,
      `building at STEP "${text}": while running runtime: exit status 1`,
      {
        ...changes,
        secrets: secrets.map((id) => ({ id, value: Buffer.alloc(0) })),
      },
    );
  expect(after([]).fix).toMatch(/^The build has no secret token, .* --secret id=token,src=FILE\. Read the last lines/);
  expect(after(['token']).fix).toMatch(/^Read the last lines/);
});

test('a form of a secret that podman does not know is one that another node may know', () => {
  const text = 'RUN --mount=type=secret,id=t,env=T true';
  const id = 'da35da662d6703b81fdf98ca93c7931d770998e856761c1d2decdfe1e9989c27';
  const problem = problemAfter(
    `STEP 1/2: FROM x\nSTEP 2/2: ${text}\n`,
    `building at STEP "${text}": resolving mountpoints for container "${id}": secret should have syntax id=id[,target=path,required=bool,mode=uint,uid=uint,gid=uint`,
  );
  expect(problem.code).toBe('engine.unsupported');
  expect(problem.message).not.toContain(id);
});

test('a Containerfile that cannot be used is reported with the reason', () => {
  expect(problemAfter('', 'no FROM statement found').message).toBe(
    'Node pi4: podman cannot use Containerfile: no FROM statement found.',
  );
  expect(
    problemAfter('', 'stat /var/tmp/libpod_builder1030326180/build/Containerfile: no such file or directory').message,
  ).toBe('Node pi4: podman cannot use Containerfile: it is not in the context.');
  expect(problemAfter('', 'The target "q" was not found in the provided Dockerfile').message).toContain('no stage "q"');
  const withoutPreprocessor = problemAfter(
    '',
    'exec: "cpp": executable file not found in $PATH: .in support requires cpp to be installed',
  );
  expect(withoutPreprocessor.message).toContain('which the node does not have');
  expect(withoutPreprocessor.fix).toContain('Install cpp on the node');
});

test('a here-document is too much for an old podman, wherever it is', () => {
  const hereDocuments = ['RUN <<EOF', 'COPY <<"END" /x', 'RUN cat > /x <<-EOF', 'RUN 3<<EOF cat'];
  for (const text of hereDocuments) {
    const instructions = testInstructions('FROM x', text, 'RUN true');
    const lines = steps('FROM x', text, 'echo first');
    const unknown = problemAfter(lines, 'Unknown instruction: "ECHO"', { instructions }, '4.3.1');
    expect(unknown.message).toBe('Node pi4: podman 4.3.1 is too old for here-documents (<<EOF).');
    expect(problemAfter('', 'syntax error', { instructions }, '4.7.0').message).toContain('is too old for');
    // a newer podman reads it, so the error is another one
    expect(problemAfter(lines, 'Unknown instruction: "ECHO"', { instructions }).message).toContain(
      'not an instruction',
    );
  }
});

test('what only looks like a here-document is none, and other failures stay what they are', () => {
  const instructions = testInstructions('FROM x', 'RUN echo $((1<<2))');
  const { message } = problemAfter(steps('FROM x', 'ECHO'), 'Unknown instruction: "ECHO"', { instructions }, '4.3.1');
  expect(message).toContain('"ECHO" is not an instruction');
  const failing = { instructions: testInstructions('FROM x', 'RUN false', 'RUN <<EOF') };
  const error = 'building at STEP "RUN false": while running runtime: exit status 1';
  expect(problemAfter(steps('FROM x', 'RUN false'), error, failing, '4.3.1').message).toContain('(exit status 1)');
});

// biome-ignore lint/suspicious/noTemplateCurlyInString: variables of a Containerfile
test.each(['FROM base:${TARGETARCH}', 'FROM base-$TARGETOS AS x', 'FROM --platform=linux/arm64 r/x:$BUILDARCH'])(
  'an old podman is too old for %s',
  (text) => {
    const instructions = testInstructions(text, 'RUN true');
    const announced = text.replace(/\$\{?\w+\}?/, '');
    const error = 'creating build container: invalid reference format';
    const { message, fix } = problemAfter(`STEP 1/2: ${announced}\n`, error, { instructions }, '4.3.1');
    expect(message).toMatch(/podman 4\.3\.1 is too old for (TARGET|BUILD)\w+ in FROM\.$/);
    expect(fix).toMatch(/add the line ARG (TARGET|BUILD)\w+ before the first FROM/);
    const own = testInstructions('FROM base:$TAG', 'RUN true');
    expect(problemAfter('STEP 1/2: FROM base:\n', error, { instructions: own }, '4.3.1').message).toContain(
      'cannot get the base image',
    );
  },
);

describe('a COPY of what the ignore file excludes', () => {
  const folder = '/var/tmp/libpod_builder3973381553/build';
  const glob = (path: string) =>
    `no items matching glob "${folder}/${path}" copied (1 filtered out using /dev/null): no such file or directory`;
  const missing = (path: string) =>
    `checking on sources under "${folder}": Rel: can't make  relative to ${folder}; copier: stat: ["/${path}"]: no such file or directory`;
  test.each([
    ['*.log', ['a', '*.log'], '*.log', glob],
    ['logs', ['logs'], 'logs', glob],
    ['logs/one.log', ['**/*.log', 'x'], '**/*.log', glob],
    ['logs/deep/one', ['/logs'], '/logs', missing],
    ['nothing*.zip', [], undefined, missing],
    ['kept.txt', ['*', '!kept.txt'], undefined, missing],
  ])('%s names the path and the pattern, not a path of the engine', (path, excludes, pattern, error) => {
    const { message, fix } = problemAfter(
      steps('FROM x', `COPY ${path} /x/`),
      `building at STEP "COPY ${path} /x/": ${error(path)}`,
      { excludes },
    );
    expect(message).toContain(
      pattern === undefined
        ? `("${path}" is not in the context)`
        : `(the ignore file excludes "${path}" by the pattern ${pattern})`,
    );
    expect(message).not.toContain('libpod_builder');
    expect(fix).toMatch(/ignore/);
  });
});

test('a message never shows a temporary path of podman', () => {
  const { message } = problemAfter(
    steps('FROM x', 'ADD a /x/'),
    'building at STEP "ADD a /x/": reading "/var/tmp/libpod_builder1/build/a": permission denied in /data/tmp/buildah22/x',
  );
  expect(message).toContain('(reading "a": permission denied in x)');
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
