import { expect, test } from 'vitest';
import { annotatedManifest } from './annotate.ts';
import { digestOf } from './digest.ts';

const digest = digestOf(Buffer.from('x'));
const docker = {
  schemaVersion: 2,
  mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
  config: { mediaType: 'application/vnd.docker.container.image.v1+json', digest, size: 1 },
  layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', digest, size: 1 }],
};
const annotate = (manifest: { readonly mediaType: string }, annotations: Record<string, string>) => {
  const annotated = annotatedManifest(
    { bytes: Buffer.from(JSON.stringify(manifest)), mediaType: manifest.mediaType },
    annotations,
  );
  expect(annotated.digest).toBe(digestOf(annotated.bytes));
  return JSON.parse(annotated.bytes.toString());
};

test("docker's manifest becomes one of OCI with the annotations", () => {
  expect(annotate(docker, { a: 'b' })).toEqual({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 1 },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 1 }],
    annotations: { a: 'b' },
  });
});

test('annotations that the engine has made stay, unless they have the same name', () => {
  const oci = {
    ...docker,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    annotations: { made: 'by podman', a: 'old' },
    more: 1,
  };
  expect(annotate(oci, { a: 'b' })).toMatchObject({ annotations: { made: 'by podman', a: 'b' }, more: 1 });
});
