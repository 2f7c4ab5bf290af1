import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProject } from '../context/testing/project.ts';
import { inspectProject } from './project.ts';

/** The findings as `line: text`, the errors before the warnings. */
async function lint(
  text: string,
  {
    files = {},
    target,
    name = 'Containerfile',
  }: { files?: Record<string, string>; target?: string; name?: string } = {},
) {
  const context = await createProject({ [name]: text, ...files });
  const { errors, warnings } = await inspectProject({ context, file: join(context, name), target });
  return {
    errors: errors.map(({ line, message, fix }) => `${line}: ${message.replace(/^.*?: /, '')} ${fix}`),
    warnings: warnings.flatMap(({ kind, line, message }) => (kind === 'containerfile' ? [`${line}: ${message}`] : [])),
  };
}

const nothing = { errors: [], warnings: [] };

describe('an error', () => {
  it.each([
    ['FROM a\nRUNN make\n', '2: RUNN is not an instruction. Did you mean RUN?'],
    ['FROM a\nfetch x\n', '2: FETCH is not an instruction. Check the line. A line that goes on ends with a \\.'],
    [
      'FROM a\nRUN a && \\\n  b\n  c && d\n',
      '4: C is not an instruction. Check the line. A line that goes on ends with a \\.',
    ],
    ['', '1: The Containerfile has no FROM. Start it with FROM and a base image.'],
    ['# a comment\nARG A=1\nRUN x\n', '2: The Containerfile has no FROM. Start it with FROM and a base image.'],
    [
      'FROM $BASE\n',
      '1: No ARG before the first FROM declares BASE, so FROM has no image. Add a line above the first FROM: ARG BASE=IMAGE',
    ],
    [
      `FROM a\nARG BASE=b\nFROM \${BASE} AS x\n`,
      '3: No ARG before the first FROM declares BASE, so FROM has no image. Add a line above the first FROM: ARG BASE=IMAGE',
    ],
    [
      'FROM registry.example.com/a:$TAG\n',
      '1: No ARG before the first FROM declares TAG, so the image of FROM is not valid. Add a line above the first FROM: ARG TAG=VALUE',
    ],
    [
      `ARG NAME=a\nFROM \${REGISTRY}/$NAME:1\n`,
      '2: No ARG before the first FROM declares REGISTRY, so the image of FROM is not valid. Add a line above the first FROM: ARG REGISTRY=VALUE',
    ],
    ['FROM a\nCOPY gone /x\n', '2: gone is not in the context. Check the path. It starts at the project folder.'],
    [
      'FROM a\nADD ["src/gone file", "/x"]\n',
      '2: src/gone file is not in the context. Check the path. It starts at the project folder.',
    ],
    [
      'FROM a\nCOPY --chown=1:1 src ./docs/a /x/\n',
      '2: ./docs/a is excluded by line 2 of .dockerignore: docs Add a line after it: !docs/a',
    ],
    ['FROM a\nCOPY docs /x/\n', '2: docs is excluded by line 2 of .dockerignore: docs Add a line after it: !docs'],
    ['FROM a\nCOPY src\n', '2: COPY needs a source and a destination. Write COPY SOURCE DESTINATION.'],
    [
      'FROM a AS b\nFROM c\nCOPY --from=1 /x /x\n',
      '3: There is no stage 1 before this one. Stages are counted from 0. Use the number or the name of an earlier stage.',
    ],
  ])('is found in %j', async (text, expected) => {
    const files = { 'src/a': '', 'docs/a': '', '.dockerignore': '# no docs\ndocs\n' };
    expect(await lint(text, { files })).toEqual({ errors: [expected], warnings: [] });
  });

  it('is only a warning in a stage that the build does not need', async () => {
    const text = 'FROM a AS one\nRUNN x\nFROM b AS two\nCOPY gone /\nFROM one AS three\nFROM c\n';
    expect((await lint(text)).errors).toEqual([]);
    expect((await lint(text)).warnings.map((line) => line.slice(0, 7))).toEqual(['2: RUNN', '4: gone']);
    expect((await lint(text, { target: 'three' })).errors).toHaveLength(1);
    expect((await lint(text, { target: '1' })).errors).toEqual([expect.stringContaining('gone')]);
  });
});

describe('a warning', () => {
  it.each([
    [
      'FROM a AS build\nFROM b\nCOPY --from=built /x /x\n',
      '3: There is no stage built, so it is taken for an image. Did you mean build?',
    ],
    ['FROM a AS build\nFROM guild\n', '2: There is no stage guild, so it is taken for an image. Did you mean build?'],
    [
      'FROM a AS Build\nFROM b\nCOPY --from=build /x /x\n',
      '3: The stage is called Build, and podman distinguishes upper and lower case. Write Build.',
    ],
    [
      'FROM a AS one\nFROM b AS one\n',
      '2: There is another stage one before this one. Give each stage a name of its own.',
    ],
  ])('is found in %j', async (text, expected) => {
    expect(await lint(text)).toEqual({ errors: [], warnings: [expected] });
  });
});

describe('nothing is found', () => {
  it.each([
    // what engines build
    'from a as b\ncopy src /x\nonbuild copy gone /x\n',
    `ARG A\nFROM $A\nFROM \${B:-c}\nFROM reg/\${C}d\nFROM --platform=$BUILDPLATFORM $TARGETARCH\n`,
    '# escape=`\nFROM a\nRUN a `\n  b\nCOPY src `\n /x\n',
    '\uFEFFFROM a\r\nRUN a \\\r\n# comment\r\n\r\n  b\r\nHEALTHCHECK NONE\r\n',
    'FROM a\nRUN <<EOF\nRUNN\nCOPY gone /\nEOF\nCOPY <<one <<two /x/\nthis is\none\nnone\ntwo\nUSER x\n',
    'FROM a\nRUN <<-"END" cat\n\tRUNN\n\tEND\nUSER x\n',
    'FROM a\nRUN cat <<< word\nRUN echo a # b \\\n c\n',
    'FROM a AS 5\nFROM b\nCOPY --from=5 /x /x\nCOPY --from=0 /x /x\nCOPY --from=docker.io/library/alpine:3 /x /x\nCOPY --from=alpine /x /x\n',
    'FROM a\nCOPY --from=$STAGE gone /x\nCOPY $X /x\nCOPY src/* gone? [ab]c /x/\nCOPY "gone file" /x\nADD https://registry.example.com/x /x\n',
    'FROM a\nADD git@github.com:a/b.git /x\nADD a.git /x\nCOPY ../src /x\nCOPY . /x\nCOPY / /y\nCOPY ./ ./src/ src/../src/a /z/\n',
    'FROM a\nCOPY --parents gone /x\nCOPY --exclude=*.a src /x\nCOPY --link --chmod=755 src/a /x\nCOPY link link/b /x/\n',
    'FROM a\nCOPY docs /x/\nCOPY Containerfile .dockerignore /x/\nCOPY docs/kept /y/\n',
    // what is no Containerfile
    '# syntax=registry.example.com/other\nanything goes\n',
  ])('in %j', async (text) => {
    const files = {
      'src/a': '',
      'docs/a': '',
      'docs/kept': '',
      '.dockerignore': 'docs\n!docs/kept\n*ile\n',
      link: '->src',
    };
    expect(await lint(text, { files })).toEqual(nothing);
  });

  it('in a file for the C preprocessor', async () => {
    expect(await lint('#include "a"\nMACRO(x)\n', { name: 'Containerfile.in' })).toEqual(nothing);
  });

  it('with the frontend of docker, errors are found', async () => {
    expect((await lint('# syntax=docker/dockerfile:1\nFROM a\nRUNN\n')).errors).toHaveLength(1);
  });
});

it('a huge Containerfile is checked in linear time', async () => {
  for (const line of ['FROM a AS stage\n', 'COPY --from=stage1 a /b\n', 'COPY gone /b\n', `${'X'.repeat(1_000)}\n`]) {
    const text = `FROM a AS stage0\n${line.repeat(Math.floor(1_000_000 / line.length))}`;
    const { errors, warnings } = await lint(text);
    expect(errors.length + warnings.length).toBeLessThanOrEqual(200);
  }
});

it('names in messages are safe to show', async () => {
  const { errors } = await lint('FROM a\nCOPY gone\u0007\u202e /x\n\u001b[31mRED\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
  expect(errors.join()).not.toMatch(/[\u0000-\u001f\u202e]/);
  expect(errors).toHaveLength(2);
});
