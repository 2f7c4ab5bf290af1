import { describe, expect, test } from 'vitest';
import { Failure } from '../../shared/problem.ts';
import { mediaTypes, parseManifest } from './manifest.ts';
import { sampleImage } from './testing/sample-image.ts';

function detailOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Failure && error.problem.code === 'image.corrupt') {
      return error.problem.detail ?? '';
    }
    throw error;
  }
  throw new Error('it was accepted');
}

function changed(change: object): Buffer {
  const document: object = JSON.parse(sampleImage('linux/amd64').manifest.toString('utf8'));
  return Buffer.from(JSON.stringify({ ...document, ...change }));
}

describe('reading a manifest', () => {
  test('takes OCI and Docker images, and the declared type where the document names none', () => {
    expect(parseManifest(sampleImage('linux/amd64').manifest)).toMatchObject({ kind: 'image' });
    expect(parseManifest(sampleImage('linux/amd64', { docker: true }).manifest).mediaType).toBe(
      mediaTypes.dockerManifest,
    );
    expect(parseManifest(changed({ mediaType: undefined }), mediaTypes.dockerManifest).mediaType).toBe(
      mediaTypes.dockerManifest,
    );
  });

  test('refuses a document that another reader would take for an index', () => {
    expect(detailOf(() => parseManifest(changed({ manifests: [] })))).toContain('config');
  });

  test('refuses a type that differs from the declared one, and types that are no image', () => {
    expect(detailOf(() => parseManifest(changed({}), mediaTypes.dockerManifest))).toContain('sent as');
    expect(detailOf(() => parseManifest(changed({ mediaType: 'text/plain' })))).toContain('text/plain');
  });

  test('refuses what is no JSON, has digests that are none, or is too large', () => {
    expect(detailOf(() => parseManifest(Buffer.from('nonsense')))).not.toBe('');
    expect(
      detailOf(() => parseManifest(changed({ config: { mediaType: 'x', digest: '../../etc', size: 1 } }))),
    ).toContain('digest');
    expect(detailOf(() => parseManifest(Buffer.alloc(5 * 1024 * 1024)))).toContain('more than');
  });
});
