import { describe, expect, it } from 'vitest';
import { buildRequestSchema } from '../../../shared/build.ts';
import { platform } from '../../testing/fixture-data.ts';
import {
  countChangedOptions,
  emptyDraft,
  keyValueError,
  parsePlatformEntry,
  setKeyValue,
  setPin,
  toBuildRequest,
  toDraft,
} from './draft.ts';

const [amd64, arm64] = [platform('linux/amd64'), platform('linux/arm64')];

describe('the build request of a draft', () => {
  it('has default options if the draft is unchanged', () => {
    const request = toBuildRequest({ ...emptyDraft, farm: 'home' }, '/p/api', 'api:1', [amd64]);
    expect(buildRequestSchema.parse(request)).toEqual({
      context: '/p/api',
      reference: 'api:1',
      farm: 'home',
      platforms: ['linux/amd64'],
      pins: {},
      emulate: true,
      buildArgs: {},
      labels: {},
      noCache: false,
      pull: 'missing',
      retention: 'cache',
    });
  });

  it('has no platforms if none are selected', () => {
    expect(toBuildRequest(emptyDraft, '/p/api', 'api:1', [])).not.toHaveProperty('platforms');
  });

  it('has the absolute path of the Containerfile', () => {
    const draft = { ...emptyDraft, file: 'docker/Containerfile.debug' };
    expect(toBuildRequest(draft, '/p/api/', 'api:1', []).file).toBe('/p/api/docker/Containerfile.debug');
    expect(toBuildRequest({ ...draft, file: '/else/where' }, '/p/api', 'api:1', []).file).toBe('/else/where');
  });

  it('omits pins of other platforms and options without a name', () => {
    const draft = {
      ...emptyDraft,
      pins: setPin(setPin({}, amd64, 'big-amd'), arm64, 'pi4'),
      labels: [
        { id: 1, name: 'team', value: 'blue' },
        { id: 2, name: '', value: '' },
      ],
    };
    const request = toBuildRequest(draft, '/p/api', 'api:1', [amd64]);
    expect(request.pins).toEqual({ 'linux/amd64': 'big-amd' });
    expect(request.labels).toEqual({ team: 'blue' });
  });

  it('is unchanged by a conversion to a draft and back', () => {
    const request = buildRequestSchema.parse({
      context: '/p/api',
      file: '/p/api/Containerfile.debug',
      reference: 'r.example.com/api:1.4',
      connections: ['big-amd', 'pi4'],
      platforms: ['linux/amd64', 'linux/arm64'],
      pins: { 'linux/arm64': 'pi4' },
      emulate: false,
      buildArgs: { NODE_VERSION: '22' },
      labels: { team: 'blue' },
      target: 'build',
      noCache: true,
      skip: false,
      pull: 'newer',
      retention: 'tagged',
    });
    const draft = toDraft(request);
    expect(draft.file).toBe('Containerfile.debug');
    expect(
      buildRequestSchema.parse(toBuildRequest(draft, '/p/api', request.reference, request.platforms ?? [])),
    ).toEqual(request);
    expect(countChangedOptions(draft)).toBe(8);
  });
});

describe('options', () => {
  it('are counted if they differ from their defaults', () => {
    expect(countChangedOptions(emptyDraft)).toBe(0);
    expect(countChangedOptions({ ...emptyDraft, buildArgs: setKeyValue([], 'A', '1'), retention: 'nothing' })).toBe(2);
  });

  it('can be set, changed and removed by name', () => {
    const set = setKeyValue(setKeyValue([], 'A', '1'), 'A', '2');
    expect(set).toEqual([{ id: 1, name: 'A', value: '2' }]);
    expect(setKeyValue(set, 'A', undefined)).toEqual([]);
  });

  it('have an error if their name is not valid', () => {
    const all = [
      { id: 1, name: 'A', value: '' },
      { id: 2, name: 'A', value: '' },
      { id: 3, name: '', value: 'x' },
      { id: 4, name: 'b c', value: '' },
      { id: 5, name: '', value: '' },
      { id: 6, name: 'org.opencontainers.image.title', value: '' },
    ];
    expect(all.map((pair) => keyValueError(pair, all))).toEqual([
      'A is listed twice.',
      'A is listed twice.',
      'Enter a name.',
      'A name cannot contain spaces or equals signs.',
      undefined,
      undefined,
    ]);
  });
});

describe('a typed platform', () => {
  it('is accepted in every spelling, but only once', () => {
    expect(parsePlatformEntry(' aarch64 ', [amd64])).toEqual({ platforms: ['linux/arm64'], rest: '' });
    expect(parsePlatformEntry('arm64', [arm64]).error).toBe('linux/arm64 is already selected.');
    expect(parsePlatformEntry('z80', []).error).toMatch(/is not a valid platform/);
  });

  it('several can be pasted at once', () => {
    for (const text of [
      'linux/arm/v7,linux/s390x',
      'linux/arm/v7 s390x',
      'arm/v7\nlinux/s390x\r\n',
      ' arm,arm/v7, s390x,',
    ]) {
      expect(parsePlatformEntry(text, [amd64])).toEqual({ platforms: ['linux/arm/v7', 'linux/s390x'], rest: '' });
    }
    expect(parsePlatformEntry('z80, arm64, m68k', [])).toMatchObject({ platforms: ['linux/arm64'], rest: 'z80, m68k' });
  });
});
