import { describe, expect, it } from 'vitest';
import { type ContainerfileSource, containerfileExcerpt, instructionOf, stageLengths } from './containerfile-source.ts';
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

describe('the instruction of a step', () => {
  it('is found by its text, ignoring repeated spaces', () => {
    const ran = makeStep(2, 'RUN apk add     curl git', 0, 1);
    expect(instructionOf(source, [ran], ran)).toMatchObject({ firstLine: 3, lastLine: 4 });
  });

  it('is the second of two equal instructions for the second equal step', () => {
    const steps = [makeStep(3, 'RUN make', 0, 1, { stage: '1/2' }), makeStep(2, 'RUN make', 1, 2, { stage: '2/2' })];
    expect(steps.map((each) => instructionOf(source, steps, each)?.firstLine)).toEqual([5, 7]);
  });

  it('is found by its position if variables were expanded', () => {
    const ran = makeStep(1, 'FROM docker.io/library/alpine AS build', 0, 1, { stage: '1/2' });
    expect(instructionOf(source, [ran], ran)?.firstLine).toBe(2);
    const other = makeStep(2, 'COPY a b', 0, 1, { stage: '1/2' });
    expect(instructionOf(source, [other], other)).toBeUndefined();
  });

  it('is found by the first line of a here-document', () => {
    const ran = makeStep(3, 'RUN <<EOF', 0, 1, { stage: '2/2' });
    expect(instructionOf(source, [ran], ran)?.firstLine).toBe(8);
  });
});

describe('the Containerfile', () => {
  it('is excerpted with line numbers and the highlighted lines of the instruction', () => {
    const excerpt = containerfileExcerpt(source, { text: '', firstLine: 3, lastLine: 4 }, 1);
    expect(excerpt.map(({ number, isHighlighted }) => [number, isHighlighted])).toEqual([
      [2, false],
      [3, true],
      [4, true],
      [5, false],
    ]);
    expect(containerfileExcerpt(source, { text: '', firstLine: 1, lastLine: 1 }, 3)[0]?.number).toBe(1);
  });

  it('has a number of steps for each stage', () => {
    expect(stageLengths(source)).toEqual([3, 3]);
  });
});
