import { expect, test } from 'vitest';
import { parseContainerfile } from './parse-containerfile.ts';

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

test('instructions have their line numbers and are joined to one line', () => {
  const { instructions } = parseContainerfile(text);
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

test('stages and build arguments are listed once each', () => {
  const { stages, buildArgs } = parseContainerfile(text);
  expect(stages).toEqual(['build']);
  expect(buildArgs).toEqual([{ name: 'BASE', default: 'alpine:3' }, { name: 'VERSION' }]);
});

test('an empty file has no instructions, stages or build arguments', () => {
  expect(parseContainerfile('')).toEqual({ instructions: [], stages: [], buildArgs: [] });
});
