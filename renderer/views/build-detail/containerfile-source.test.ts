import { describe, expect, it } from 'vitest';
import { type ContainerfileSource, containerfileExcerpt, instructionOf } from './containerfile-source.ts';
import { makeStep } from './testing/jobs.ts';

const lines = [
  'ARG BASE=alpine',
  `FROM \${BASE} AS build`,
  'RUN apk add \\',
  '    curl   git',
  'RUN make',
  'FROM scratch',
  'RUN make',
  'RUN <<EOF',
  'echo',
  'EOF',
];
const source: ContainerfileSource = {
  path: 'Containerfile',
  steps: [],
  lines,
  instructions: [
    { text: 'ARG BASE=alpine', firstLine: 1, lastLine: 1 },
    { text: `FROM \${BASE} AS build`, firstLine: 2, lastLine: 2 },
    { text: 'RUN apk add curl   git', firstLine: 3, lastLine: 4 },
    { text: 'RUN make', firstLine: 5, lastLine: 5 },
    { text: 'FROM scratch', firstLine: 6, lastLine: 6 },
    { text: 'RUN make', firstLine: 7, lastLine: 7 },
    { text: 'RUN <<EOF echo EOF', firstLine: 8, lastLine: 10 },
  ],
};

it('the instruction of a step begins at its line', () => {
  const step = makeStep(2, 'RUN apk add curl git', 0, 1, { line: 3 });
  expect(instructionOf(source, step)).toMatchObject({ firstLine: 3, lastLine: 4 });
  expect(instructionOf(source, { ...step, line: 99 })).toBeUndefined();
  expect(instructionOf(source, { ...step, line: undefined })).toBeUndefined();
});

describe('the Containerfile', () => {
  it('is excerpted with line numbers and the highlighted lines of the instruction', () => {
    const excerpt = containerfileExcerpt(source, { firstLine: 3, lastLine: 4 }, 1);
    expect(excerpt.map(({ number, isHighlighted }) => [number, isHighlighted])).toEqual([
      [2, false],
      [3, true],
      [4, true],
      [5, false],
    ]);
    expect(containerfileExcerpt(source, { firstLine: 1, lastLine: 1 }, 3)[0]?.number).toBe(1);
  });
});
