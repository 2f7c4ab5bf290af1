import { expect, test } from 'vitest';
import { namedImages } from './named-images.ts';
import { testBuild, testInstructions } from './testing/engine-build.ts';

function names(lines: string[], syntax?: string): string[] {
  const build = testBuild({ instructions: testInstructions(...lines), buildArgs: { TAG: '2' } });
  return namedImages({ ...build, nodePlatform: build.platform }, syntax).map(
    ({ registry, repository }) => `${registry} ${repository}`,
  );
}

test('images are named by FROM, COPY --from, RUN --mount and the syntax directive', () => {
  expect(
    names(
      [
        'ARG BASE=registry.example.com:5000/team/base',
        'ARG TAG=1',
        'FROM $BASE:$TAG AS one',
        'FROM --platform=$BUILDPLATFORM alpine:3 AS two',
        'RUN --mount=type=bind,from=ghcr.example.com/tools/x,target=/x true',
        'COPY --from=quay.example.com/team/files@sha256:abc /a /a',
        'COPY --from=one /a /a',
        'COPY --from=0 /a /a',
        'FROM two',
        'FROM scratch',
      ],
      'localhost/frontend:1',
    ),
  ).toEqual([
    'registry.example.com:5000 team/base',
    'docker.io alpine',
    'ghcr.example.com tools/x',
    'quay.example.com team/files',
    'localhost frontend',
  ]);
});

test('a name that is not known or not valid is left out', () => {
  expect(names(['FROM $UNKNOWN/x', 'FROM https://x/y', 'RUN --mount=from=$X true', 'FROM ../x'])).toEqual([]);
});
