import { expect, test } from 'vitest';
import { ContainerfileSteps } from '../engines/containerfile-steps.ts';
import { formatWarnings } from './docker-format.ts';
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
  expect(parseContainerfile('')).toMatchObject({ instructions: [], stages: [], buildArgs: [] });
});

test('a here-document belongs to its instruction, and one without an end is none', () => {
  const { instructions } = parseContainerfile(
    [
      'RUN <<EOF cat >/a',
      'RUNN',
      'EOF',
      'COPY <<-"one" <<two /b',
      '\tx',
      '\tone',
      'two',
      'RUN cat <<END',
      'USER a',
    ].join('\n'),
  );
  expect(instructions.map(({ firstLine, lastLine, keyword }) => `${keyword} ${firstLine} ${lastLine}`)).toEqual([
    'RUN 1 3',
    'COPY 4 7',
    'RUN 8 8',
    'USER 9 9',
  ]);
});

test('instructions go on after an escape at the end of a line, and after comments and empty lines', () => {
  const { instructions } = parseContainerfile(
    '\uFEFF# escape=`\r\nRUN a `\r\n\r\n# b\r\n  c\r\nENV x=\\\r\nUSER `\r\n',
  );
  expect(instructions.map(({ text, firstLine, lastLine }) => [text, firstLine, lastLine])).toEqual([
    ['RUN a   c', 2, 5],
    ['ENV x=\\', 6, 6],
    ['USER', 7, 7],
  ]);
  expect(parseContainerfile('RUN a\\\\\nUSER b').instructions).toHaveLength(2);
  expect(parseContainerfile('RUN a \\\n# the end').instructions).toMatchObject([{ text: 'RUN a', lastLine: 1 }]);
});

test('build arguments may be several in a line, with quotes and escapes', () => {
  const { buildArgs } = parseContainerfile(`ARG A B="x y" C=a\\ b D='"' E=\nFROM a\nARG A=1`);
  expect(buildArgs).toEqual([
    { name: 'A' },
    { name: 'B', default: 'x y' },
    { name: 'C', default: 'a b' },
    { name: 'D', default: '"' },
    { name: 'E', default: '' },
  ]);
});

test('a Containerfile of a megabyte is read in linear time', () => {
  const texts = [
    'ARG A=1\n',
    'RUN a \\\n',
    'RUN a <<E1\n',
    'COPY <<A <<A /x\nA\n',
    'ARG '.repeat(10),
    ' ',
    '\\',
    '# a=b\n',
    'FROM a AS b\n',
  ];
  for (const text of texts) {
    const whole = text.repeat(Math.floor((1024 * 1024) / text.length));
    const parsed = parseContainerfile(`FROM a\n${whole}`);
    expect(parsed.instructions.length).toBeGreaterThan(0);
    expect(formatWarnings(parsed, 'Containerfile')).toEqual([]);
    expect(new ContainerfileSteps(parsed.instructions).stageCount).toBeGreaterThan(0);
  }
});
