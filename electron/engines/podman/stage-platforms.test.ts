import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { expect, test } from 'vitest';
import { testBuild, testInstructions } from '../testing/engine-build.ts';
import { withStagePlatforms } from './stage-platforms.ts';

const context = (content: string) => ({
  tar: () => {
    const tar = pack();
    tar.entry({ name: 'Containerfile' }, content);
    tar.finalize();
    return Readable.from(tar);
  },
  files: () => expect.fail('only the tar is read'),
  open: () => Readable.from([Buffer.from(content)]),
});

async function sent(...lines: string[]): Promise<string[]> {
  const content = lines.join('\n');
  const build = await withStagePlatforms(
    testBuild({ instructions: testInstructions(...lines), context: context(content) }),
  );
  const files = new Map<string, string>();
  const unpack = extract();
  unpack.end(await buffer(build.context.tar()));
  for await (const entry of unpack) {
    files.set(entry.header.name, await text(Readable.from(entry)));
  }
  expect(files.get('Containerfile')).toBe(content);
  expect(build.file === 'Containerfile' || build.excludes.includes(build.file)).toBe(true);
  return files.get(build.file)?.split('\n') ?? expect.fail('the Containerfile was not sent');
}

test('stages after one with a platform get the platform of the build', async () => {
  expect(
    await sent(
      'FROM first',
      'FROM --platform=$BUILDPLATFORM golang AS build',
      '  from alpine AS \xfcber',
      'COPY --from=build /a /',
    ),
  ).toEqual([
    'FROM first',
    'FROM --platform=$BUILDPLATFORM golang AS build',
    '  from --platform=linux/arm64 alpine AS \xfcber',
    'COPY --from=build /a /',
  ]);
});

test.each([
  [['FROM golang AS build', 'FROM alpine']],
  [['FROM golang AS build', 'FROM --platform=linux/amd64 alpine']],
  [['FROM --platform=linux/amd64 golang AS build', 'FROM build']],
  [['FROM --platform=linux/amd64 golang AS build', 'FROM scratch']],
  [['FROM --platform=linux/amd64 golang AS build', 'FROM --platform=$TARGETPLATFORM alpine']],
])('other Containerfiles are sent as they are: %s', async (lines) => {
  expect(await sent(...lines)).toEqual(lines);
});
