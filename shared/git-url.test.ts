import { describe, expect, it } from 'vitest';
import { contextName, gitProject, isGitUrl, parseGitUrl, withoutLogin } from './git-url.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';

describe('a git URL', () => {
  it.each([
    ['https://host/team/api.git', { remote: 'https://host/team/api.git', name: 'api', folder: '' }],
    ['https://host/api.git#v1:deploy/', { ref: 'v1', folder: 'deploy' }],
    ['https://host/api.git#:deploy/./x', { folder: 'deploy/x' }],
    ['git@host:team/api.git#main', { remote: 'git@host:team/api.git', name: 'api', ref: 'main' }],
    ['ssh://git@host:2222/team/api#main', { remote: 'ssh://git@host:2222/team/api', name: 'api' }],
    ['git://host/api', { remote: 'git://host/api' }],
    ['github.com/team/api', { remote: 'https://github.com/team/api' }],
    ['file:///srv/api.git#main', { remote: 'file:///srv/api.git' }],
    ['https://host/a.git?branch=main&subdir=x', { ref: 'refs/heads/main', folder: 'x' }],
    ['git@host:a.git?tag=v1&submodules=false', { ref: 'refs/tags/v1', submodules: false }],
    [`https://host/a.git?commit=${commit}`, { commit }],
    ['https://host/a.git?ref=main&checksum=ABCDEF1', { ref: 'main', commit: 'abcdef1' }],
  ])('%s is read as BuildKit reads it', (text, expected) => {
    expect(isGitUrl(text)).toBe(true);
    expect(parseGitUrl(text)).toMatchObject(expected);
  });

  it.each([
    ['https://host/a.git#main?x', /not the name/],
    ['https://host/a.git#--upload-pack=x', /not the name/],
    ['https://host/a.git#main:../x', /not inside/],
    ['https://host/a.git?branch=main#other', /more than one/],
    ['https://host/a.git?x=1', /not an option/],
    ['https://host/a.git?commit=abcdef1', /whole commit id/],
    ['https://host/a.git?submodules=maybe', /neither true nor false/],
    ['https://user:secret@host/a.git?x=1', /^The git URL https:\/\/host/],
  ])('%s is refused', (text, message) => {
    expect(() => parseGitUrl(text)).toThrow(message);
  });

  it('is not a path, another URL or a program', () => {
    for (const text of ['/srv/a.git', '-', 'https://host/a.tar', 'ext::sh -c x', 'C:\\a', 'ftp://host/a.git']) {
      expect(isGitUrl(text)).toBe(false);
    }
  });

  it('is kept without its login', () => {
    const source = parseGitUrl('https://user:p%40ss@host/a.git#main:x');
    expect(source).toMatchObject({ remote: 'https://host/a.git', credentials: { username: 'user', password: 'p@ss' } });
    expect(withoutLogin('https://token@host/a.git#main')).toBe('https://host/a.git#main');
    expect(withoutLogin('ssh://git@host/a.git')).toBe('ssh://git@host/a.git');
    expect(withoutLogin('/srv/a')).toBe('/srv/a');
  });

  it('names the project', () => {
    const source = parseGitUrl('https://host/a.git?submodules=0#main:x');
    expect(gitProject(source)).toBe('https://host/a.git#:x');
    expect(
      [
        'https://host/team/a.git#main:deploy/x',
        'https://host/a.git?branch=main',
        'git@host:a.git#v1',
        '/srv/api',
        'C:\\a\\b',
        '-',
      ].map(contextName),
    ).toEqual(['x', 'a', 'a', 'api', 'b', '-']);
  });
});
