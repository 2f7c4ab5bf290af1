import { expect, it } from 'vitest';
import { isLogUrl, isPageUrl, mayOpenOutside, mayUse, pageUrl } from './origin.ts';

it('knows its own page from every other', () => {
  expect(isPageUrl(pageUrl())).toBe(true);
  expect(isPageUrl(pageUrl('#/build/b1'))).toBe(true);
  for (const url of [
    'app://barnraiser.example/',
    'app://user@elsewhere/barnraiser',
    'app://elsewhere/app://barnraiser/',
    'https://barnraiser/',
    'file:///barnraiser/',
    'about:blank',
    'app:barnraiser',
    '',
  ]) {
    expect(isPageUrl(url), url).toBe(false);
  }
});

it('lets only logs have a window of their own', () => {
  expect(isLogUrl(pageUrl('#/log/b1/linux%2Famd64'))).toBe(true);
  expect(isLogUrl(pageUrl('#/builds'))).toBe(false);
  expect(isLogUrl('https://elsewhere/#/log/b1/linux%2Famd64')).toBe(false);
});

it('gives the system’s browser only known sites, over https, without logins or ports', () => {
  expect(mayOpenOutside('https://docs.podman.io/en/latest/markdown/podman-build.1.html')).toBe(true);
  for (const url of [
    'http://docs.podman.io/',
    'https://docs.podman.io.elsewhere.example/',
    'https://docs.podman.io@elsewhere.example/',
    'https://name:word@github.com/',
    'https://github.com:8443/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'ssh://github.com/',
    'not a url',
  ]) {
    expect(mayOpenOutside(url), url).toBe(false);
  }
});

it('lets its page write to the clipboard and use nothing else', () => {
  expect(mayUse('clipboard-sanitized-write', pageUrl())).toBe(true);
  expect(mayUse('clipboard-sanitized-write', 'https://elsewhere.example/')).toBe(false);
  for (const permission of ['clipboard-read', 'notifications', 'media', 'geolocation', 'openExternal', 'fileSystem']) {
    expect(mayUse(permission, pageUrl()), permission).toBe(false);
  }
});
