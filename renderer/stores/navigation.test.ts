import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import {
  closeLog,
  closeSheet,
  formatHash,
  navigate,
  openLog,
  openSheet,
  type Place,
  parseHash,
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

describe('a place in the hash', () => {
  const places: Place[] = [
    { view: { view: 'first-start' } },
    { view: { view: 'farm', name: 'home.lab_1' } },
    { view: { view: 'builds' } },
    { view: { view: 'builds', project: '/home/anna/pro jects/50% & more?#' } },
    { view: { view: 'build', id: '20260301-101500-x' } },
    { view: { view: 'images', reference: 'registry.example.com:5000/team/api:1.4' } },
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

  it.each(places.map((place) => [formatHash(place), place] as const))('%s says it in full', (hash, place) => {
    expect(parseHash(hash)).toEqual(place);
  });

  it.each(['', '#', '#/', '#/nowhere', '#/farm', '#/build/', '#/log/b1', '#/%E0%A4%A'])('%j names none', (hash) => {
    expect(parseHash(hash)).toBeUndefined();
  });

  it('leaves out what over a view makes no sense', () => {
    expect(parseHash('#/builds?sheet=push')).toEqual({ view: { view: 'builds' } });
    expect(parseHash('#/builds?sheet=other&log=b1&log-platform=vax')).toEqual({ view: { view: 'builds' } });
  });
});

describe('moving', () => {
  let stop: () => void;
  beforeEach(() => {
    window.history.replaceState(null, '', '#');
    stop = startNavigation(() => ({ view: 'farm', name: 'home' }));
  });
  afterEach(() => stop());
  const place = () => useNavigation.getState().place;

  it('starts at the first view where the hash names none, and at the hash where it names one', () => {
    expect(place()).toEqual({ view: { view: 'farm', name: 'home' } });
    expect(window.location.hash).toBe('#/farm/home');
    stop();
    window.history.replaceState(null, '', '#/settings');
    stop = startNavigation(() => ({ view: 'builds' }));
    expect(place()?.view).toEqual({ view: 'settings' });
  });

  it('makes an entry of the history for a view, and none for sheets, logs and replaced views', () => {
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
    expect(place()).toEqual({ view: { view: 'builds', project: '/p' } });
  });

  it('closes a sheet when the view changes, and keeps the log only with its own build', () => {
    navigate({ view: 'build', id: 'b1' });
    openLog({ id: 'b1', platform: arm });
    openSheet({ sheet: 'push', reference: 'api:1' });
    expect(place()).toMatchObject({ sheet: { sheet: 'push' }, log: { id: 'b1' } });
    navigate({ view: 'build', id: 'b1' });
    expect(place()?.sheet).toBeUndefined();
    expect(place()?.log).toMatchObject({ id: 'b1' });
    navigate({ view: 'images' });
    expect(place()?.log).toBeUndefined();
  });

  it('follows an address that is typed or gone back to', () => {
    navigate({ view: 'settings' });
    window.history.replaceState(null, '', '#/images');
    window.dispatchEvent(new PopStateEvent('popstate'));
    expect(place()?.view).toEqual({ view: 'images', reference: undefined });
  });
});
