import { describe, expect, test } from 'vitest';
import { Failure } from '../../shared/problem.ts';
import { mediaTypes, parseManifest } from './manifest.ts';
import { sampleImage } from './testing/sample-image.ts';

function failureDetailOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Failure && error.problem.code === 'image.corrupt') {
      return error.problem.detail ?? '';
    }
    throw error;
  }
  throw new Error('the manifest was accepted');
}

function manifestWith(change: object): Buffer {
  const document: object = JSON.parse(sampleImage('linux/amd64').manifest.toString('utf8'));
  return Buffer.from(JSON.stringify({ ...document, ...change }));
}

describe('parsing a manifest', () => {
  test('accepts OCI and Docker images, and uses the declared type if the document names none', () => {
    expect(parseManifest(sampleImage('linux/amd64').manifest)).toMatchObject({ kind: 'image' });
    expect(parseManifest(sampleImage('linux/amd64', { docker: true }).manifest).mediaType).toBe(
      mediaTypes.dockerManifest,
    );
    expect(parseManifest(manifestWith({ mediaType: undefined }), mediaTypes.dockerManifest).mediaType).toBe(
      mediaTypes.dockerManifest,
    );
  });

  test('takes null for a field that is missing, as Go does', () => {
    const nulls = { mediaType: null, subject: null, artifactType: null, annotations: null, manifests: null };
    expect(parseManifest(manifestWith(nulls), mediaTypes.ociManifest)).toMatchObject({
      kind: 'image',
      layers: [{}, {}],
    });
    expect(parseManifest(manifestWith({ layers: null }))).toMatchObject({ kind: 'image', layers: [] });
    const image = parseManifest(sampleImage('linux/amd64').manifest);
    const entry = image.kind === 'image' ? { ...image.config, annotations: null, artifactType: null, urls: null } : {};
    const index = (manifests: unknown) =>
      Buffer.from(JSON.stringify({ schemaVersion: 2, config: null, layers: null, annotations: null, manifests }));
    const platform = { os: 'linux', architecture: 'amd64', variant: null, 'os.version': null };
    expect(
      parseManifest(
        index([
          { ...entry, platform },
          { ...entry, platform: null },
        ]),
      ),
    ).toMatchObject({
      kind: 'index',
      manifests: [{ platform: { os: 'linux' } }, {}],
    });
    expect(parseManifest(index(null))).toMatchObject({ kind: 'index', manifests: [] });
  });

  test('rejects a document that another reader could take for an index', () => {
    expect(failureDetailOf(() => parseManifest(manifestWith({ manifests: [] })))).toContain('config');
  });

  test('rejects a type that differs from the declared one, and types of other documents', () => {
    expect(failureDetailOf(() => parseManifest(manifestWith({}), mediaTypes.dockerManifest))).toContain('sent as');
    expect(failureDetailOf(() => parseManifest(manifestWith({ mediaType: 'text/plain' })))).toContain('text/plain');
  });

  test('rejects invalid JSON, invalid digests, and documents that are too large', () => {
    expect(failureDetailOf(() => parseManifest(Buffer.from('nonsense')))).not.toBe('');
    expect(
      failureDetailOf(() => parseManifest(manifestWith({ config: { mediaType: 'x', digest: '../../etc', size: 1 } }))),
    ).toContain('digest');
    expect(failureDetailOf(() => parseManifest(Buffer.alloc(5 * 1024 * 1024)))).toContain('more than');
  });

  test('rejects a document that is nested too deep, also in an unknown field', () => {
    const nested = (depth: number) =>
      Buffer.from(
        manifestWith({ x: 0 })
          .toString()
          .replace('"x":0', `"x":${'['.repeat(depth)}${']'.repeat(depth)}`),
      );
    expect(parseManifest(nested(60)).kind).toBe('image');
    expect(failureDetailOf(() => parseManifest(nested(65)))).toContain('levels deep');
    expect(failureDetailOf(() => parseManifest(nested(200_000)))).toContain('levels deep');
  });
});
