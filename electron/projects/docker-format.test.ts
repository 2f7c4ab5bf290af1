import { expect, test } from 'vitest';
import { formatWarnings } from './docker-format.ts';
import { parseContainerfile } from './parse-containerfile.ts';

function warnings(lines: readonly string[], target?: string): string[] {
  const found = formatWarnings(parseContainerfile(`${lines.join('\n')}\n`), 'Containerfile', target);
  expect(found.every(({ actions }) => actions?.[0]?.id === 'use-docker-format')).toBe(true);
  return found.map(({ line, message }) => `${line} ${/no (\w+)/.exec(message)?.[1]}`);
}

test('each instruction that the OCI format lacks is named once, with its first line', () => {
  expect(
    warnings([
      'FROM x',
      'SHELL ["/bin/sh", "-ec"]',
      'healthcheck CMD true',
      'HEALTHCHECK CMD true',
      'ONBUILD RUN true',
    ]),
  ).toEqual(['3 HEALTHCHECK', '5 ONBUILD', '2 SHELL']);
});

test('only the stages that the image is based on count', () => {
  const lines = [
    'FROM x AS one',
    'SHELL ["a"]',
    'FROM x AS two',
    'ONBUILD RUN true',
    'FROM one',
    'COPY --from=two /a /a',
  ];
  expect(warnings(lines)).toEqual(['2 SHELL']);
  expect(warnings(lines, 'TWO')).toEqual(['4 ONBUILD']);
  expect(warnings(lines, '0')).toEqual(['2 SHELL']);
  expect(warnings(lines, 'unknown')).toEqual([]);
});

test.each([['HEALTHCHECK NONE'], ['STOPSIGNAL SIGTERM'], ['MAINTAINER kim'], ['RUN echo HEALTHCHECK']])(
  '%s is no reason to warn',
  (line) => {
    expect(warnings(['FROM x', line])).toEqual([]);
  },
);
