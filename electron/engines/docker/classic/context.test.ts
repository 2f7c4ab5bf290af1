import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { expect, test } from 'vitest';
import type { ContextFile } from '../../../context/context-source.ts';
import { testBuild, testInstructions } from '../../testing/engine-build.ts';
import { classicContext, platformArgs } from './context.ts';

const args = { BUILDPLATFORM: 'linux/amd64', TARGETARCH: 'arm64' };

/** What docker unpacks: of several entries with one name, the last. */
async function unpacked(
  files: Readonly<Record<string, string>>,
  { file = 'Containerfile', excludes = [] as string[] } = {},
): Promise<{ file: string; files: Record<string, string>; isWhole: boolean }> {
  const context = {
    tar: () => {
      const tar = pack();
      for (const [name, content] of Object.entries(files)) {
        tar.entry({ name }, content);
      }
      tar.finalize();
      return Readable.from(tar);
    },
    async *files() {
      yield* Object.keys(files).map(
        (path): ContextFile => ({
          ...{ path, mode: 0o644, modifiedMs: 0 },
          ...{ kind: 'file', size: 1, offset: 0, digest: '' },
        }),
      );
    },
    open: (path: string) => Readable.from([Buffer.from(files[path] ?? '')]),
  };
  const instructions = testInstructions(...(files[file] ?? '').trimEnd().split('\n'));
  const sent = await classicContext(testBuild({ context, file, excludes, instructions }), args);
  const bytes = await buffer(sent.tar);
  const found: Record<string, string> = {};
  const unpack = extract();
  unpack.end(bytes);
  for await (const entry of unpack) {
    found[entry.header.name] = await text(Readable.from(entry));
  }
  return { file: sent.file, files: found, isWhole: bytes.subarray(-1024).every((byte) => byte === 0) };
}

test('a context is sent as it is if docker knows all arguments of FROM', async () => {
  const files = {
    Containerfile: 'ARG BUILDPLATFORM\nFROM --platform=$BUILDPLATFORM a\nRUN echo $TARGETARCH\n',
    x: '1',
  };
  expect(await unpacked(files)).toEqual({ file: 'Containerfile', files, isWhole: true });
});

test('FROM gets the values of arguments that it does not declare, in a Containerfile that no step sees', async () => {
  const files = { Containerfile: `FROM --platform=${'$'}{BUILDPLATFORM} a-$TARGETARCH\nRUN echo $TARGETARCH`, x: '1' };
  const sent = await unpacked(files);
  expect(sent.file).toMatch(/^\.barnraiser-[0-9a-f]{16}\.Containerfile$/);
  expect(sent.files).toEqual({
    ...files,
    [sent.file]: 'FROM --platform=linux/amd64 a-arm64\nRUN echo $TARGETARCH',
    '.dockerignore': `\n.dockerignore\n${sent.file}\n`,
  });
  expect(sent.isWhole).toBe(true);
});

test('an ignore file of the project keeps what it says', async () => {
  const files = { Containerfile: 'FROM --platform=$BUILDPLATFORM a', '.dockerignore': 'ignored' };
  const sent = await unpacked(files, { excludes: ['ignored'] });
  expect(sent.files['.dockerignore']).toBe(`ignored\n${sent.file}\n`);
});

test('a Containerfile that the ignore file excludes is not seen by a step, whatever the name of the ignore file is', async () => {
  const files = { 'build/Containerfile[1]': 'FROM --platform=$BUILDPLATFORM a', '.containerignore': 'build' };
  const sent = await unpacked(files, { file: 'build/Containerfile[1]', excludes: ['build', '.containerignore'] });
  expect(sent.files).toEqual({
    ...files,
    'build/Containerfile[1]': 'FROM --platform=linux/amd64 a',
    '.dockerignore': '\n.dockerignore\nbuild/Containerfile\\[1\\]\n',
  });
});

test('the arguments of the platform are those of BuildKit', () => {
  const platform = testBuild().platform;
  expect(platformArgs({ platform }, platform)).toEqual({
    ...{ TARGETPLATFORM: 'linux/arm64', TARGETOS: 'linux', TARGETARCH: 'arm64', TARGETVARIANT: '' },
    ...{ BUILDPLATFORM: 'linux/arm64', BUILDOS: 'linux', BUILDARCH: 'arm64', BUILDVARIANT: '' },
  });
});
