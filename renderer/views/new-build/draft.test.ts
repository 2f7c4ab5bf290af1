import { describe, expect, it } from 'vitest';
import { buildRequestSchema } from '../../../shared/build.ts';
import { platform } from '../../testing/fixture-data.ts';
import { changedOptions, draftOf, emptyDraft, pairError, readPlatform, requestOf, withPair, withPin } from './draft.ts';

const [amd64, arm64] = [platform('linux/amd64'), platform('linux/arm64')];

describe('a request', () => {
  it('of an untouched draft says only where, what and for which platforms', () => {
    const request = requestOf({ ...emptyDraft, farm: 'home' }, '/p/api', 'api:1', [amd64]);
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
      residue: 'cache',
    });
  });

  it('leaves the platforms to the nodes where none are known', () => {
    expect(requestOf(emptyDraft, '/p/api', 'api:1', [])).not.toHaveProperty('platforms');
  });

  it('names the Containerfile by its absolute path', () => {
    const draft = { ...emptyDraft, file: 'docker/Containerfile.debug' };
    expect(requestOf(draft, '/p/api/', 'api:1', []).file).toBe('/p/api/docker/Containerfile.debug');
    expect(requestOf({ ...draft, file: '/else/where' }, '/p/api', 'api:1', []).file).toBe('/else/where');
  });

  it('forgets pins of platforms that are not built and options without a name', () => {
    const draft = {
      ...emptyDraft,
      pins: withPin(withPin({}, amd64, 'big-amd'), arm64, 'pi4'),
      labels: [
        { id: 1, name: 'team', value: 'blue' },
        { id: 2, name: '', value: '' },
      ],
    };
    const request = requestOf(draft, '/p/api', 'api:1', [amd64]);
    expect(request.pins).toEqual({ 'linux/amd64': 'big-amd' });
    expect(request.labels).toEqual({ team: 'blue' });
  });

  it('is the same again after it has been made a draft', () => {
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
      pull: 'newer',
      residue: 'keep',
    });
    const draft = draftOf(request);
    expect(draft.file).toBe('Containerfile.debug');
    expect(buildRequestSchema.parse(requestOf(draft, '/p/api', request.reference, request.platforms ?? []))).toEqual(
      request,
    );
    expect(changedOptions(draft)).toBe(7);
  });
});

describe('options', () => {
  it('count what is not as it comes', () => {
    expect(changedOptions(emptyDraft)).toBe(0);
    expect(changedOptions({ ...emptyDraft, buildArgs: withPair([], 'A', '1'), residue: 'cleanup' })).toBe(2);
  });

  it('of a known name are set, changed and taken back', () => {
    const set = withPair(withPair([], 'A', '1'), 'A', '2');
    expect(set).toEqual([{ id: 1, name: 'A', value: '2' }]);
    expect(withPair(set, 'A', undefined)).toEqual([]);
  });

  it('say what is wrong with a name', () => {
    const all = [
      { id: 1, name: 'A', value: '' },
      { id: 2, name: 'A', value: '' },
      { id: 3, name: '', value: 'x' },
      { id: 4, name: 'b c', value: '' },
      { id: 5, name: '', value: '' },
      { id: 6, name: 'org.opencontainers.image.title', value: '' },
    ];
    expect(all.map((pair) => pairError(pair, all))).toEqual([
      'A is there twice.',
      'A is there twice.',
      'It needs a name.',
      'A name has no spaces and no equals sign.',
      undefined,
      undefined,
    ]);
  });
});

describe('a platform that is written', () => {
  it('is understood in every spelling, once', () => {
    expect(readPlatform(' aarch64 ', [amd64])).toEqual({ platform: 'linux/arm64' });
    expect(readPlatform('arm64', [arm64])).toEqual({ error: 'linux/arm64 is chosen already.' });
    expect(readPlatform('z80', []).error).toMatch(/is no platform/);
  });
});
