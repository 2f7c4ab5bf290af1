// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Containerfiles

import { describe, expect, test } from 'vitest';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { BaseImageCheck, findBaseImage, platformInWarning } from './base-image.ts';

const platform = (text: string): Platform => parsePlatform(text) ?? expect.fail(`${text} is not a platform`);

function input(lines: readonly string[], options: { target?: string; buildArgs?: Record<string, string> } = {}) {
  return {
    instructions: lines.map((text, index) => ({ text, firstLine: index + 1, lastLine: index + 1 })),
    buildArgs: {},
    platform: platform('linux/arm64'),
    nodePlatform: platform('linux/amd64'),
    ...options,
  };
}

describe('the base image of the result', () => {
  test.each<[string, readonly string[], object, string | undefined]>([
    ['of the only stage', ['FROM alpine:3'], {}, 'alpine:3 0:1 '],
    ['of the last stage', ['FROM golang AS build', 'FROM alpine AS run', 'COPY --from=build /a /a'], {}, 'alpine 1:1 '],
    [
      'of the target',
      ['FROM --platform=linux/amd64 golang AS build', 'FROM alpine'],
      { target: 'BUILD' },
      'golang 0:1 linux/amd64',
    ],
    ['of the target by number', ['FROM golang', 'FROM alpine'], { target: '0' }, 'golang 0:1 '],
    ['through stages', ['FROM --platform=s390x x AS a', 'FROM a AS b', 'RUN true', 'FROM b'], {}, 'x 0:1 linux/s390x'],
    ['of a stage that names itself', ['FROM alpine AS alpine', 'FROM alpine'], {}, 'alpine 0:1 '],
    ['by an argument', ['ARG BASE=alpine TAG="3"', 'FROM $BASE:${TAG}'], {}, 'alpine:3 0:1 '],
    [
      'by an argument of the build',
      ['ARG BASE=alpine', 'FROM ${BASE}'],
      { buildArgs: { BASE: 'debian' } },
      'debian 0:1 ',
    ],
    ['by a default', ['FROM ${BASE:-alpine}-x'], {}, 'alpine-x 0:1 '],
    ['that is not known', ['ARG BASE', 'FROM $BASE'], {}, undefined],
    ['on the platform of the node', ['FROM --platform=$BUILDPLATFORM golang'], {}, 'golang 0:1 linux/amd64'],
    [
      'on the architecture of the node',
      ['from --platform=linux/${BUILDARCH} golang as x'],
      {},
      'golang 0:1 linux/amd64',
    ],
    ['on the platform of the build', ['FROM --platform=$TARGETPLATFORM golang'], {}, 'golang 0:1 linux/arm64'],
    ['on a platform that is not known', ['ARG P', 'FROM --platform=$P golang'], {}, 'golang 0:1 '],
    ['on a platform of an argument', ['ARG P=linux/386', 'FROM --platform="$P" golang'], {}, 'golang 0:1 linux/386'],
    ['without instructions', [], {}, undefined],
    ['of an unknown target', ['FROM alpine'], { target: 'x' }, undefined],
  ])('%s', (_, lines, options, expected) => {
    const base = findBaseImage(input(lines, options));
    expect(base && `${base.name} ${base.stepId} ${base.platform ?? ''}`).toBe(expected);
  });
});

describe('a warning of an image for another platform', () => {
  const mismatch = (found: string, expected: string) =>
    `image platform (${found}) does not match the expected platform (${expected})`;
  test.each([
    [mismatch('linux/amd64', 'linux/arm64'), 'linux/amd64'],
    [mismatch('{amd64 linux  [] }', '{arm64 linux  [] }'), 'linux/amd64'],
    [mismatch('{arm linux  [] v7}', '{arm linux  [] v6}'), 'linux/arm/v7'],
    ['Base image x was pulled with platform "linux/amd64", expected "linux/arm64" for current build', 'linux/amd64'],
    ['one or more build args were not consumed: [A]', undefined],
  ])('%s', (text, found) => {
    expect(platformInWarning(text)).toBe(found);
  });

  test.each([
    ['linux/amd64/v3', 'linux/amd64', undefined],
    ['linux/arm/v7', 'linux/arm/v6', undefined],
    ['linux/arm/v6', 'linux/arm/v7', 'linux/arm/v7'],
    ['linux/arm64', 'linux/arm64/v8', undefined],
    ['linux/amd64', 'linux/386', 'linux/386'],
  ])('in a build for %s means for a base image for %s: %s', (wanted, found, foreign) => {
    const check = new BaseImageCheck({ ...input(['FROM alpine']), platform: platform(wanted) });
    // podman may expect the platform of an earlier stage
    check.read({ kind: 'warning', stepId: '0:1', text: mismatch(found, 'linux/s390x') });
    expect(check.foreignPlatform).toBe(foreign);
  });

  const warning = (stepId?: string) => ({
    kind: 'warning' as const,
    text: mismatch('linux/amd64', 'linux/arm64'),
    ...(stepId ? { stepId } : {}),
  });

  test('counts for the base image only', () => {
    const check = new BaseImageCheck(input(['FROM golang AS build', 'FROM alpine', 'COPY --from=other /a /a']));
    check.read(warning('0:1'));
    check.read(warning('1:2'));
    expect(check.foreignPlatform).toBeUndefined();
    check.read(warning('1:1'));
    expect(check.foreignPlatform).toBe('linux/amd64');
  });

  test('counts if it names the base image but no step', () => {
    const check = new BaseImageCheck(input(['FROM alpine']));
    const text = 'was pulled with platform "linux/amd64", expected "linux/arm64" for current build';
    check.read({ kind: 'warning', text: `Base image debian ${text}` });
    expect(check.foreignPlatform).toBeUndefined();
    check.read({ kind: 'warning', text: `Base image alpine ${text}` });
    expect(check.foreignPlatform).toBe('linux/amd64');
  });
});

test('a base image for another platform is foreign where the Containerfile asks for it, and scratch never is', () => {
  const foreign = (...lines: string[]) => new BaseImageCheck(input(lines)).foreignPlatform;
  expect(foreign('FROM --platform=linux/amd64 alpine')).toBe('linux/amd64');
  expect(foreign('FROM --platform=$BUILDPLATFORM golang AS a', 'FROM alpine')).toBeUndefined();
  expect(foreign('FROM --platform=linux/arm64/v8 alpine')).toBeUndefined();
  expect(foreign('FROM --platform=linux/amd64 scratch')).toBeUndefined();
});
