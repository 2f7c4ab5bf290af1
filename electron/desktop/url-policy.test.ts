import { expect, it } from 'vitest';
import { canOpenExternally } from '../../shared/external-sites.ts';
import { isGuideUrl, isLogUrl, isPageUrl, isPermissionAllowed, pageUrl } from './url-policy.ts';

it('recognizes only its own page', () => {
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

it('recognizes only logs and the guide as pages for new windows', () => {
  expect(isLogUrl(pageUrl('#/log/b1/linux%2Famd64'))).toBe(true);
  expect(isLogUrl(pageUrl('#/builds'))).toBe(false);
  expect(isLogUrl('https://elsewhere/#/log/b1/linux%2Famd64')).toBe(false);
  expect(isGuideUrl(new URL('docs/guide/index.html', pageUrl()).href)).toBe(true);
  expect(isGuideUrl(pageUrl('#/docs/guide'))).toBe(false);
  expect(isGuideUrl('https://elsewhere/docs/guide/index.html')).toBe(false);
});

it('opens only known sites externally, over https and without credentials or ports', () => {
  expect(canOpenExternally('https://docs.podman.io/en/latest/markdown/podman-build.1.html')).toBe(true);
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
    expect(canOpenExternally(url), url).toBe(false);
  }
});

it('allows only its own page to write to the clipboard, and nothing else', () => {
  expect(isPermissionAllowed('clipboard-sanitized-write', pageUrl())).toBe(true);
  expect(isPermissionAllowed('clipboard-sanitized-write', 'https://elsewhere.example/')).toBe(false);
  for (const permission of ['clipboard-read', 'notifications', 'media', 'geolocation', 'openExternal', 'fileSystem']) {
    expect(isPermissionAllowed(permission, pageUrl()), permission).toBe(false);
  }
});
