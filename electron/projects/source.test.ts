import { expect, test } from 'vitest';
import { readSource } from './source.ts';

const text = `# syntax comment
ARG BASE=alpine:3
ARG VERSION
FROM \${BASE} AS build
RUN echo one && \\
    # a comment between
    echo two
FROM scratch
ARG VERSION
COPY --from=build /a /b
CMD ["/b"]
`;

test('instructions keep their lines and are on one line each', () => {
  const { instructions } = readSource(text);
  expect(instructions.map(({ firstLine, lastLine }) => [firstLine, lastLine])).toEqual([
    [2, 2],
    [3, 3],
    [4, 4],
    [5, 7],
    [8, 8],
    [9, 9],
    [10, 10],
    [11, 11],
  ]);
  expect(instructions[3]?.text).toMatch(/^RUN echo one &&\s+echo two$/);
  expect(instructions[6]?.text).toBe('COPY --from=build /a /b');
});

test('stages and build arguments are named once each', () => {
  const { stages, buildArgs } = readSource(text);
  expect(stages).toEqual(['build']);
  expect(buildArgs).toEqual([{ name: 'BASE', default: 'alpine:3' }, { name: 'VERSION' }]);
});

test('an empty file has nothing', () => {
  expect(readSource('')).toEqual({ instructions: [], stages: [], buildArgs: [] });
});
