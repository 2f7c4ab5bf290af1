import { describe, expect, it } from 'vitest';
import type { Digest, ManifestList } from '../../../shared/image.ts';
import { parsePlatform } from '../../../shared/platform.ts';
import { folderOf, pathIn, pathProblem } from './export-path.ts';
import { filterLists, footprintOf, layerUsers, othersWith, someOf } from './storage.ts';

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
const users = layerUsers(lists);

describe('what a reference takes in storage', () => {
  it('counts each blob once, and keeps apart what others need', () => {
    expect(api1 && footprintOf(api1, users)).toEqual({
      total: 300 + 14,
      own: 200 + 14,
      shared: 100,
      sharers: ['reg.example.com/api:2'],
    });
  });

  it('is all its own where nothing shares it', () => {
    expect(web && footprintOf(web, users)).toEqual({ total: 107, own: 107, shared: 0, sharers: [] });
  });

  it('is free of nothing where another reference names the same images', () => {
    const copy = api1 && { ...api1, reference: 'api:copy' };
    const all = copy ? [...lists, copy] : lists;
    expect(api1 && footprintOf(api1, layerUsers(all)).own).toBe(0);
  });

  it('names who shares a layer', () => {
    expect(othersWith(digest('base'), 'reg.example.com/api:1', users)).toEqual(['reg.example.com/api:2']);
    expect(someOf(['a', 'b'])).toBe('a, b');
    expect(someOf(['a', 'b', 'c', 'd'])).toBe('a, b and 2 more');
  });
});

describe('the filter', () => {
  it('finds by reference, platform and digest, all words at once', () => {
    const found = (text: string) => filterLists(lists, text).map(({ reference }) => reference);
    expect(found('')).toHaveLength(3);
    expect(found('API arm64')).toEqual(['reg.example.com/api:1']);
    expect(found('sha256:list web')).toEqual(['web:1']);
    expect(found('nothing')).toEqual([]);
  });
});

describe('where an export goes', () => {
  it('is proposed in a folder', () => {
    expect(pathIn('/images/', 'reg.example.com/team/api:1.4', 'oci-archive')).toBe('/images/api-1.4.tar');
    expect(pathIn('/images', 'api:1.4', 'oci')).toBe('/images/api-1.4');
    expect(pathIn('C:\\images', 'api:1.4', 'oci')).toBe('C:\\images\\api-1.4');
    expect(folderOf('/images/api-1.4.tar')).toBe('/images');
  });

  it('is a whole path without a colon', () => {
    expect(pathProblem('/images/api.tar')).toBeUndefined();
    expect(pathProblem('C:\\images\\api.tar')).toBeUndefined();
    expect(pathProblem('images/api.tar')).toMatch(/whole path/);
    expect(pathProblem('/images/api:1.tar')).toMatch(/colon/);
  });
});
