import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import {
  closeLog,
  closeSheet,
  formatHash,
  navigate,
  openLog,
  openSheet,
  parseHash,
  type Route,
  replaceView,
  startNavigation,
  useNavigation,
} from './navigation.ts';

function platform(text: string) {
  const parsed = parsePlatform(text);
  if (!parsed) {
    throw new Error(text);
  }
  return parsed;
}
const arm = platform('linux/arm/v7');

describe('the location hash', () => {
  const routes: Route[] = [
    { view: { view: 'first-start' } },
    { view: { view: 'farm', name: 'home.lab_1' } },
    { view: { view: 'builds' } },
    { view: { view: 'builds', project: '/home/anna/pro jects/50% & more?#' } },
    { view: { view: 'build', id: '20260301-101500-x' } },
    { view: { view: 'images', reference: 'registry.example.com:5000/team/api:1.4' } },
    { view: { view: 'image', reference: 'registry.example.com:5000/team/api:1.4' } },
    { view: { view: 'image', reference: 'api:1.4', section: 'layers', platform: arm } },
    { view: { view: 'connections', name: 'pi4' } },
    { view: { view: 'connections', adding: true } },
    { view: { view: 'settings' } },
    { view: { view: 'log', id: 'b1', platform: arm } },
    { view: { view: 'build', id: 'b1' }, log: { id: 'b1', platform: arm, line: 0 } },
    {
      view: { view: 'farm', name: 'home' },
      sheet: { sheet: 'new-build', farm: 'home', context: '/tmp/a,b', platforms: [platform('linux/amd64'), arm] },
    },
    {
      view: { view: 'build', id: 'b1' },
      sheet: { sheet: 'push', reference: 'api:1.4', destination: 'registry.example.com/api:1.4' },
      log: { id: 'b1', platform: arm },
    },
  ];

  it.each(routes.map((route) => [formatHash(route), route] as const))('%s contains the whole route', (hash, route) => {
    expect(parseHash(hash)).toEqual(route);
  });

  it.each(['', '#', '#/', '#/nowhere', '#/farm', '#/build/', '#/log/b1', '#/%E0%A4%A'])(
    '%j contains no view',
    (hash) => {
      expect(parseHash(hash)).toBeUndefined();
    },
  );

  it('ignores an incomplete sheet and an invalid log', () => {
    expect(parseHash('#/builds?sheet=push')).toEqual({ view: { view: 'builds' } });
    expect(parseHash('#/builds?sheet=other&log=b1&log-platform=vax')).toEqual({ view: { view: 'builds' } });
  });
});

describe('navigation', () => {
  let stop: () => void;
  beforeEach(() => {
    window.history.replaceState(null, '', '#');
    stop = startNavigation(() => ({ view: 'farm', name: 'home' }));
  });
  afterEach(() => stop());
  const route = () => useNavigation.getState().route;

  it('starts at the first view if the hash contains none, else at the view of the hash', () => {
    expect(route()).toEqual({ view: { view: 'farm', name: 'home' } });
    expect(window.location.hash).toBe('#/farm/home');
    stop();
    window.history.replaceState(null, '', '#/settings');
    stop = startNavigation(() => ({ view: 'builds' }));
    expect(route()?.view).toEqual({ view: 'settings' });
  });

  it('adds a history entry for a view, but not for a sheet, a log or a replaced view', () => {
    const before = window.history.length;
    navigate({ view: 'builds' });
    expect(window.history.length).toBe(before + 1);
    navigate({ view: 'builds' });
    openSheet({ sheet: 'new-build' });
    closeSheet();
    openLog({ id: 'b1', platform: arm });
    closeLog();
    replaceView({ view: 'builds', project: '/p' });
    expect(window.history.length).toBe(before + 1);
    expect(route()).toEqual({ view: { view: 'builds', project: '/p' } });
  });

  it('closes the sheet when the view changes, and keeps the log open only with its own build', () => {
    navigate({ view: 'build', id: 'b1' });
    openLog({ id: 'b1', platform: arm });
    openSheet({ sheet: 'push', reference: 'api:1' });
    expect(route()).toMatchObject({ sheet: { sheet: 'push' }, log: { id: 'b1' } });
    navigate({ view: 'build', id: 'b1' });
    expect(route()?.sheet).toBeUndefined();
    expect(route()?.log).toMatchObject({ id: 'b1' });
    navigate({ view: 'images' });
    expect(route()?.log).toBeUndefined();
  });

  it('follows the browser history', () => {
    navigate({ view: 'settings' });
    window.history.replaceState(null, '', '#/images');
    window.dispatchEvent(new PopStateEvent('popstate'));
    expect(route()?.view).toEqual({ view: 'images', reference: undefined });
  });
});
