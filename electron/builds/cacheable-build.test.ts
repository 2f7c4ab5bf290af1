import { expect, test } from 'vitest';
import { platform } from '../images/testing/sample-image.ts';
import { parseContainerfile } from '../projects/parse-containerfile.ts';
import { basesOfCacheable } from './cacheable-build.ts';

const amd64 = platform('linux/amd64');
const arm64 = platform('linux/arm64');

function basesOf(text: string, buildArgs: Record<string, string> = {}, target?: string): string[] | undefined {
  const input = {
    text,
    containerfile: parseContainerfile(text),
    buildArgs,
    target,
    platform: arm64,
    nodePlatform: amd64,
  };
  return basesOfCacheable(input)?.map((base) => `${base.name} ${base.platform}`);
}

test('a build is based on the images of the stages that its target needs', () => {
  const text = [
    'ARG TAG=1',
    'FROM go:$TAG AS build',
    'RUN --mount=type=cache,target=/cache,id=c-$TARGETARCH --mount=from=tools:3,target=/t make',
    'FROM scratch AS files',
    'COPY . /',
    'FROM never:1 AS never',
    'FROM --platform=$BUILDPLATFORM web:2 AS web',
    'COPY --from=build /a /a',
    'COPY --from=1 /b /b',
    'COPY --from=other:4 /c /c',
    'FROM web',
  ].join('\n');
  const all = ['web:2 linux/amd64', 'other:4 linux/arm64', 'go:1 linux/arm64', 'tools:3 linux/arm64'];
  expect(basesOf(text)).toEqual(all);
  expect(basesOf(text, { TAG: '2' })?.[2]).toBe('go:2 linux/arm64');
  expect(basesOf(text, {}, 'files')).toEqual([]);
  expect(basesOf(text, {}, 'build')).toEqual(['go:1 linux/arm64', 'tools:3 linux/arm64']);
  expect(basesOf(text, {}, 'unknown')).toBeUndefined();
});

test.each([
  '# syntax=docker/dockerfile:1\nFROM a',
  '#!/usr/bin/x\n# syntax = docker/dockerfile:1\nFROM a',
  'FROM $UNKNOWN',
  'FROM $',
  'FROM --platform=$UNKNOWN a',
  'FROM a AS',
  'FROM a\nADD https://example.com/x /x',
  'FROM a\nADD ["https://example.com/x", "/x"]',
  'FROM a\nADD git@example.com:x.git /x',
  'FROM a\nADD github.com/x/y /x',
  'FROM a\nARG URL\nADD $URL /x',
  'FROM a\nARG OTHER\nCOPY --from=$OTHER / /',
  'FROM a\nRUN --mount=type=secret,id=x cat /x',
  'FROM a\nRUN --mount=type=ssh git clone x',
  'FROM a\nRUN --mount=type=bind,"from=b" cat /x',
  'FROM a\nRUN --mount=type=bind,from=$B cat /x',
  'FROM a\nONBUILD ADD https://example.com/x /x\nFROM a',
  'FROM a\nINCLUDE other',
  '',
])('what is not certain is not cacheable: %j', (text) => {
  expect(basesOf(text)).toBeUndefined();
});

test('a frontend from a build argument is not cacheable', () => {
  expect(basesOf('FROM a', { BUILDKIT_SYNTAX: 'x' })).toBeUndefined();
  expect(basesOf('FROM a')).toEqual(['a linux/arm64']);
});

test('a flag in another case counts, and text of a program does not', () => {
  expect(basesOf('FROM a\nRUN --mount=type=bind,FROM=b,target=/b echo --from=c "$X"')).toEqual([
    'a linux/arm64',
    'b linux/arm64',
  ]);
});
