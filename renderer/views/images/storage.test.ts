import { describe, expect, it } from 'vitest';
import type { Digest, ManifestList } from '../../../shared/image.ts';
import { parsePlatform } from '../../../shared/platform.ts';
import { checkOutput, outputPath, parentFolder } from '../outputs/output-draft.ts';
import {
  computeFootprint,
  describeAttachments,
  filterImages,
  formatFirst,
  groupReferencesByLayer,
  otherReferences,
} from './storage.ts';

const pathError = (path: string) =>
  checkOutput({ kind: 'oci-archive', path, node: '', name: '', platforms: [] }).pathError;
const digest = (name: string): Digest => `sha256:${name}`;

function list(reference: string, images: Readonly<Record<string, readonly string[]>>): ManifestList {
  return {
    reference,
    digest: digest(`list ${reference}`),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    createdAt: '2026-03-01T10:00:00Z',
    entries: Object.entries(images).map(([name, layers]) => {
      const platform = parsePlatform(name);
      if (!platform) {
        throw new Error(name);
      }
      return {
        platform,
        digest: digest(`image ${name} ${layers.join()}`),
        // each layer has 100 bytes, and the configuration 7
        size: layers.length * 100 + 7,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        layers: layers.map((layer) => ({ digest: digest(layer), size: 100 })),
      };
    }),
  };
}

const lists = [
  list('reg.example.com/api:1', { amd64: ['base', 'a1'], arm64: ['base', 'b1'] }),
  list('reg.example.com/api:2', { amd64: ['base', 'a2'] }),
  list('web:1', { amd64: ['w'] }),
];
const [api1, , web] = lists;
const byLayer = groupReferencesByLayer(lists);

describe('the footprint of an image', () => {
  it('counts each blob once, and separates own from shared blobs', () => {
    expect(api1 && computeFootprint(api1, byLayer)).toEqual({
      total: 300 + 14,
      own: 200 + 14,
      shared: 100,
      sharedWith: ['reg.example.com/api:2'],
    });
  });

  it('counts what is attached to an image', () => {
    const signed = list('signed:1', { amd64: ['s'] });
    const type = 'application/vnd.example.signature';
    const attachments = [
      { digest: digest('one'), type: 'attestation', size: 50 },
      { digest: digest('two'), type, size: 3 },
    ];
    const entries = signed.entries.map((entry) => ({ ...entry, attachments }));
    expect(computeFootprint({ ...signed, entries }, new Map()).total).toBe(107 + 53);
    expect(entries.map(describeAttachments)).toEqual([`attestation, ${type}`]);
  });

  it('has no shared bytes if no other image shares a layer', () => {
    expect(web && computeFootprint(web, byLayer)).toEqual({ total: 107, own: 107, shared: 0, sharedWith: [] });
  });

  it('has no own bytes if another reference has the same images', () => {
    const copy = api1 && { ...api1, reference: 'api:copy' };
    const all = copy ? [...lists, copy] : lists;
    expect(api1 && computeFootprint(api1, groupReferencesByLayer(all)).own).toBe(0);
  });

  it('names the other images with a layer', () => {
    expect(otherReferences(digest('base'), 'reg.example.com/api:1', byLayer)).toEqual(['reg.example.com/api:2']);
    expect(formatFirst(['a', 'b'])).toBe('a, b');
    expect(formatFirst(['a', 'b', 'c', 'd'])).toBe('a, b and 2 more');
  });
});

describe('the filter', () => {
  it('matches every word against reference, platforms and digests', () => {
    const filtered = (text: string) => filterImages(lists, text).map(({ reference }) => reference);
    expect(filtered('')).toHaveLength(3);
    expect(filtered('API arm64')).toEqual(['reg.example.com/api:1']);
    expect(filtered('sha256:list web')).toEqual(['web:1']);
    expect(filtered('nothing')).toEqual([]);
  });
});

describe('the path of an export', () => {
  it('is suggested in a folder', () => {
    expect(outputPath('/images/', 'reg.example.com/team/api:1.4', 'oci-archive')).toBe('/images/api-1.4.tar');
    expect(outputPath('/images', 'api:1.4', 'oci')).toBe('/images/api-1.4');
    expect(outputPath('C:\\images', 'api:1.4', 'oci')).toBe('C:\\images\\api-1.4');
    expect(parentFolder('/images/api-1.4.tar')).toBe('/images');
  });

  it('must be absolute and without a colon', () => {
    expect(pathError('/images/api.tar')).toBeUndefined();
    expect(pathError('C:\\images\\api.tar')).toBeUndefined();
    expect(pathError('images/api.tar')).toMatch(/absolute path/);
    expect(pathError('/images/api:1.tar')).toMatch(/colon/);
  });
});
