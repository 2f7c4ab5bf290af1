import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePlatform } from '../../../shared/platform.ts';
import { createProject } from '../../context/testing/project.ts';
import { parseContainerfile } from '../parse-containerfile.ts';
import { inspect } from '../testing/inspect.ts';
import { type LintOptions, lintContainerfile } from './lint-containerfile.ts';

/** The findings as `line: text`, without notes. */
async function lint(
  text: string,
  {
    files = {},
    target,
    name = 'Containerfile',
  }: { files?: Record<string, string>; target?: string; name?: string } = {},
) {
  const context = await createProject({ [name]: text, ...files });
  const { errors, warnings } = await inspect({ context, file: join(context, name), target });
  return {
    errors: errors.map(({ line, message, fix }) => `${line}: ${message.replace(/^.*?: /, '')} ${fix}`),
    warnings: warnings.flatMap(({ kind, line, message, isNote }) =>
      kind === 'containerfile' && !isNote ? [`${line}: ${message}`] : [],
    ),
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
    ['FROM\n', '1: FROM has nothing to work on. Add what FROM is about, or remove the line.'],
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
    [
      'FROM a\nCOPY --from=$STAGE gone /x\n',
      '2: Variables such as $STAGE are not replaced in from=. Add a stage with FROM and the variable, and copy from that stage.',
    ],
    ['FROM a\nCOPY "gone file" /x\n', '2: A " is missing in "gone. Close the quote, or put a \\ before it.'],
    [`FROM a\nENV A=\${B\n`, '2: A } is missing in ${B. Close the brace, or put a \\ before the $.'],
    ['FROM a\nCOPY scr/a /x\n', '2: scr/a is not in the context. Did you mean src/a?'],
    ['FROM a\nCOPY b /x\n', '2: b is not in the context. Did you mean deep/in/b?'],
  ])('is found in %j', async (text, expected) => {
    const files = { 'deep/in/b': '', 'src/a': '', 'docs/a': '', '.dockerignore': '# no docs\ndocs\n' };
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
    [`FROM \${B:-c}\n`, '1: No ARG before the first FROM declares B. Declare it with ARG above the first FROM.'],
    [`ARG MAIN=a\nFROM reg/\${MIAN}d\n`, '2: No ARG before the first FROM declares MIAN. Did you mean MAIN?'],
    [
      'FROM a AS 5\n',
      '1: docker and BuildKit refuse 5 as the name of a stage. Start it with a letter, and use only letters, digits, -, _ and dots.',
    ],
    [
      'FROM a\nCOPY gone? /x/\n',
      "2: gone? matches nothing in the context. podman and docker's classic builder then refuse the build, and BuildKit copies nothing.",
    ],
  ])('is found in %j', async (text, expected) => {
    expect(await lint(text)).toEqual({ errors: [], warnings: [expected] });
  });
});

describe('nothing is found', () => {
  it.each([
    // what engines build
    'from a as b\ncopy src /x\nonbuild copy gone /x\n',
    'ARG A\nFROM $A\nFROM --platform=$BUILDPLATFORM $TARGETARCH\n',
    '# escape=`\nFROM a\nRUN a `\n  b\nCOPY src `\n /x\n',
    '\uFEFFFROM a\r\nRUN a \\\r\n# comment\r\n\r\n  b\r\nHEALTHCHECK NONE\r\n',
    'FROM a\nRUN <<EOF\nRUNN\nCOPY gone /\nEOF\nCOPY <<one <<two /x/\nthis is\none\nnone\ntwo\nUSER x\n',
    'FROM a\nRUN <<-"END" cat\n\tRUNN\n\tEND\nUSER x\n',
    'FROM a\nRUN cat <<< word\nRUN echo a # b \\\n c\n',
    'FROM a AS five\nFROM b\nCOPY --from=five /x /x\nCOPY --from=0 /x /x\nCOPY --from=docker.io/library/alpine:3 /x /x\nCOPY --from=alpine /x /x\n',
    'FROM a\nCOPY $X /x\nCOPY src/* sr? [a-s]rc /x/\nCOPY "src"/\\a /x\nADD https://registry.example.com/x /x\n',
    'FROM a\nADD git@github.com:a/b.git /x\nADD a.git /x\nCOPY ../src /x\nCOPY . /x\nCOPY / /y\nCOPY ./ ./src/ src/../src/a /z/\n',
    'FROM a\nCOPY --parents gone /x\nCOPY --exclude=*.a src /x\nCOPY --link=false --chmod=755 src/a /x\nCOPY link link/b /x/\n',
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

/** The findings as `line rule`, of a file in a context in which all is found. */
async function rules(text: string, options: Partial<LintOptions> = {}): Promise<string[]> {
  const findings = await lintContainerfile(parseContainerfile(text), {
    fileName: 'Containerfile',
    buildArgs: {},
    findSource: async () => ({ kind: 'found' }),
    ...options,
  });
  return findings.map(({ line, rule, severity }) => `${line} ${rule}${severity === 'error' ? ' refused' : ''}`);
}

const platforms = ['linux/amd64', 'linux/riscv64'].flatMap((name) => parsePlatform(name) ?? []);

describe('of a base image', () => {
  const imageFacts: LintOptions['imageFacts'] = async () => ({
    platforms: platforms.slice(0, 1),
    env: ['HOME_DIR=/srv'],
    hasShell: true,
  });

  it('its platforms, variables and shell count', async () => {
    const text = 'FROM a\nWORKDIR $HOME_DIR\nLABEL a=$OTHER\nCMD x\nFROM --platform=$TARGETPLATFORM a AS b\n';
    expect(await rules(text, { imageFacts, platforms: platforms.slice(0, 1) })).toEqual([
      '3 UndefinedVar',
      '5 RedundantTargetPlatform',
    ]);
    expect(await rules('FROM a\n', { imageFacts, platforms })).toEqual(['1 InvalidBaseImagePlatform']);
    expect(await rules('FROM scratch\n', { imageFacts, platforms })).toEqual([]);
  });

  it('of which nothing is known, only variables are reported that it hardly sets', async () => {
    const text = 'ARG VERSION=1\nFROM a\nENV DATA_PATH=/x\nLABEL a=$PYTHON b=$VERSION c=$DATA_PAHT\n';
    expect(await rules(text)).toEqual(['4 UndefinedVar', '4 UndefinedVar']);
  });

  it('that a build argument names, its value counts', async () => {
    const text = 'ARG BASE\nFROM $BASE\n';
    expect(await rules(text, { buildArgs: { BASE: 'alpine' } })).toEqual(['2 InvalidDefaultArgInFrom']);
    expect(await rules(text)).toEqual(['2 NoBaseImage refused', '2 InvalidDefaultArgInFrom']);
    expect(await rules(text, { buildArgs: undefined })).toEqual(['2 InvalidDefaultArgInFrom']);
  });
});

it('sources with the variables of a platform are looked for on each platform', async () => {
  const looked: string[] = [];
  const findSource: LintOptions['findSource'] = async (path) => {
    looked.push(path);
    return { kind: path.endsWith('riscv64') ? 'missing' : 'found' };
  };
  const text = 'FROM scratch\nARG TARGETARCH\nCOPY bin/$TARGETARCH /app\n';
  expect(await rules(text, { platforms, findSource })).toEqual(['3 MissingSource refused']);
  expect(looked).toEqual(['bin/amd64', 'bin/riscv64']);
});

it('a stage to build that does not exist is an error', async () => {
  expect(await rules('FROM a AS build\nFROM b\n', { target: 'biuld' })).toEqual(['2 UnknownTarget refused']);
  expect(await rules('FROM a AS build\nFROM b\n', { target: 'BUILD' })).toEqual([]);
});

it('names of further build contexts are not misspelled stages', async () => {
  const text = 'FROM a AS build\nFROM b\nCOPY --from=built /x /x\n';
  expect(await rules(text)).toEqual(['3 MisspelledStage']);
  expect(await rules(text, { contexts: ['built'] })).toEqual([]);
});

it('comments say which checks are left out, asked for or refuse the build', async () => {
  const text = 'FROM a AS One\nCMD x\n';
  expect(await rules(text)).toEqual(['1 StageNameCasing', '2 JSONArgsRecommended']);
  expect(await rules(`# check=skip=StageNameCasing\n${text}`)).toEqual(['3 JSONArgsRecommended']);
  expect(await rules(`# check=skip=all\n${text}`)).toEqual([]);
  expect(await rules(`# check=skip=StageNameCasing;error=true\n${text}`)).toEqual(['3 JSONArgsRecommended refused']);
  expect(await rules('FROM a\n# check=skip=JSONArgsRecommended\nCMD x\n')).toEqual([]);
  expect(await rules('# a title\nARG A=1\nFROM a\n')).toEqual([]);
  expect(await rules('# check=experimental=all\n# a title\nARG A=1\nFROM a\n')).toEqual([
    '3 InvalidDefinitionDescription',
  ]);
});

it.each([
  ['ARG BUILDPLATFORM=x\nFROM a\n', '1 NotPortable'],
  ['FROM a\nCOPY --link x /x\n', '2 NotPortable'],
  ['RUN x\nFROM a\n', '1 NotPortable'],
  ['FROM a\nRUN cat << EOF\nx\nEOF\n', '2 NotPortable'],
  ['FROM a\nRUN cat <<EOF\nx\n', '2 UnterminatedHereDocument'],
])('what only some engines build is a warning: %j', async (text, expected) => {
  expect(await rules(text)).toContain(expected);
});

it('a variable in each of many words is looked up in linear time', async () => {
  for (const text of [
    'ENV A=$UNKNOWN ',
    'LABEL a=$UNKNOWM ',
    'COPY $UNKNOWN ',
    'RUN --mount=type=$UNKNOWN ',
    `ARG A=\${B:-$C} `,
  ]) {
    const whole = `FROM scratch\n${text.repeat(Math.floor(1_000_000 / text.length))}\n`;
    expect((await rules(whole, { platforms })).length).toBeLessThanOrEqual(100);
  }
});
