import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Build } from '../../shared/build.ts';
import { startTestApp, type TestApp } from '../testing/render-app.tsx';
import { useBuilds } from './builds.ts';
import { useNavigation } from './navigation.ts';
import { setNotifications, startNotifications } from './notifications.ts';
import { updateSettings, useSettings } from './settings.ts';
import { toastManager } from './toasts.ts';

/** The notifications that were shown. */
const shown: FakeNotification[] = [];
class FakeNotification {
  static permission: NotificationPermission = 'granted';
  static requestPermission = vi.fn(async () => {
    FakeNotification.permission = 'granted';
    return FakeNotification.permission;
  });
  onclick: (() => void) | undefined;
  close = vi.fn();
  constructor(
    readonly title: string,
    readonly options: NotificationOptions,
  ) {
    shown.push(this);
  }
}

let app: TestApp;
let stop: () => void;
let hasFocus = false;
beforeEach(async () => {
  shown.length = 0;
  hasFocus = false;
  FakeNotification.permission = 'granted';
  FakeNotification.requestPermission.mockClear();
  vi.stubGlobal('Notification', FakeNotification);
  vi.spyOn(document, 'hasFocus').mockImplementation(() => hasFocus);
  app = await startTestApp('busy');
  stop = startNotifications();
});
afterEach(() => {
  stop();
  app.stop();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function running(): Build {
  const build = useBuilds.getState().byId['20260301-101500-run1'];
  if (!build) {
    throw new Error('the fixture has no running build');
  }
  return build;
}
const finish = () =>
  app.emit({ event: 'build.finished', build: { ...running(), status: 'done', durationMs: 103_000 } });

it('shows an ended build in the words of the desktop app, and opens it', async () => {
  await updateSettings({ notifications: true });
  finish();
  expect(shown).toMatchObject([{ title: expect.stringMatching(/^Built .*api:1\.4$/) }]);
  shown[0]?.onclick?.();
  expect(useNavigation.getState().route?.view).toEqual({ view: 'build', id: running().id });
});

it('is silent while the window has the focus, without permission, and when it is turned off', async () => {
  finish();
  await updateSettings({ notifications: true });
  hasFocus = true;
  finish();
  hasFocus = false;
  FakeNotification.permission = 'denied';
  finish();
  FakeNotification.permission = 'granted';
  await setNotifications(false);
  finish();
  expect(shown).toEqual([]);
});

it('offers itself once, with the first build that is started here', async () => {
  FakeNotification.permission = 'default';
  hasFocus = true;
  const add = vi.spyOn(toastManager, 'add');
  app.emit({ event: 'build.started', build: running(), ofOtherProcess: true });
  expect(add).not.toHaveBeenCalled();
  app.emit({ event: 'build.started', build: running() });
  app.emit({ event: 'build.started', build: running() });
  expect(add).toHaveBeenCalledOnce();
  const [{ actionProps } = {}] = add.mock.calls[0] ?? [];
  expect(FakeNotification.requestPermission).not.toHaveBeenCalled();
  const onClick: unknown = actionProps?.onClick;
  if (typeof onClick !== 'function') {
    throw new Error('the offer has no button');
  }
  onClick();
  await vi.waitFor(() => expect(useSettings.getState().settings.notifications).toBe(true));
  expect(FakeNotification.requestPermission).toHaveBeenCalledOnce();
});

it('asks the browser again at an address for which it has not been asked yet', async () => {
  await updateSettings({ notifications: true });
  FakeNotification.permission = 'default';
  hasFocus = true;
  app.emit({ event: 'build.started', build: running() });
  expect(FakeNotification.requestPermission).toHaveBeenCalledOnce();
});

const newer = (builds: string[]) =>
  app.emit({ event: 'bases.newer', names: ['debian:12'], references: builds.map((id) => `api:${id}`), builds });

it('offers to build again what uses an older base image, in the window if that is looked at', async () => {
  await updateSettings({ notifications: true });
  const id = running().id;
  newer([id]);
  expect(shown).toMatchObject([{ title: 'There is a newer debian:12' }]);
  shown[0]?.onclick?.();
  expect(useNavigation.getState().route).toMatchObject({
    view: { view: 'build', id },
    sheet: { sheet: 'new-build', from: id, apply: 'pull-newer' },
  });

  hasFocus = true;
  const add = vi.spyOn(toastManager, 'add');
  newer([id, 'another']);
  expect(shown).toHaveLength(1);
  expect(add).toHaveBeenCalledWith(expect.objectContaining({ title: 'There is a newer debian:12' }));
  await updateSettings({ mutedNotifications: ['base'] });
  newer([id]);
  expect(add).toHaveBeenCalledTimes(1);
});
