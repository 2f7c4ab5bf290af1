import { describe, expect, it } from 'vitest';
import { buildRequestSchema } from '../../../shared/build.ts';
import { platform } from '../../testing/fixture-data.ts';
import { applyAction, emptyDraft, parsePlatformEntry, setPin, toBuildRequest, toDraft } from './draft.ts';
import { changedOptions, enterOption } from './options/option-draft.ts';

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
      ...enterOption(emptyDraft, 'labels', [
        { id: 1, name: 'team', value: 'blue' },
        { id: 2, name: '', value: '' },
      ]),
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
      retry: 0,
      memory: 64 * 1024 ** 2,
      memorySwap: -1,
      dns: ['192.168.1.1', '::1'],
      annotations: { a: '1' },
      sources: [{ from: '/p/lib', to: 'lib' }],
      filesFor: { 'linux/arm64': 'Containerfile.arm64' },
      ssh: [{ id: 'default', source: { kind: 'agent' } }],
    });
    const draft = toDraft(request);
    expect(draft.file).toBe('Containerfile.debug');
    expect(
      buildRequestSchema.parse(toBuildRequest(draft, '/p/api', request.reference, request.platforms ?? [])),
    ).toEqual(request);
    expect(changedOptions(draft)).toHaveLength(16);
  });

  it('keeps fields that the form does not know', () => {
    const request = { ...buildRequestSchema.parse({ context: '/p/api', reference: 'api:1' }), later: { a: 1 } };
    expect(toBuildRequest(toDraft(request), '/p/api', 'api:2', [])).toMatchObject({ later: { a: 1 } });
  });

  it('changes with the action of a problem', () => {
    const draft = toDraft(buildRequestSchema.parse({ context: '/p/api', reference: 'api:1', emulate: false }));
    expect(draft.options.emulate).toBe(false);
    expect(applyAction(draft, 'allow-emulation').options).toEqual({});
    expect(applyAction(draft, 'use-docker-format').options).toEqual({ emulate: false, format: 'docker' });
    expect(applyAction(draft, 'choose-containerfile')).toEqual(draft);
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
