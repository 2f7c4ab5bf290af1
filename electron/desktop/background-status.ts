import { BrowserWindow, Notification } from 'electron';
import { type AppNotification, notificationFor } from '../../shared/notification.ts';
import { isNotified, type NotificationKind } from '../../shared/notification-kind.ts';
import { settingsSchema } from '../../shared/settings.ts';
import type { AppApi } from '../page/app-api.ts';
import type { RunningWork } from './running-work.ts';
import type { MainWindow } from './window.ts';

/** Smaller changes of the progress do not update the bar. From 0 to 1. */
const minProgressChange = 0.01;
/** How long changes of the progress are collected, in milliseconds: it takes all steps of all builds into account. */
const progressIntervalMs = 200;

/** Shows progress in the dock or on the taskbar, and notifications while no window has the focus. */
export function showBackgroundStatus(app: AppApi, work: RunningWork, window: MainWindow): void {
  let shownProgress = -1;
  let timer: NodeJS.Timeout | undefined;
  const showProgress = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const progress = work.progress ?? -1;
    if (Math.abs(progress - shownProgress) >= minProgressChange || (progress < 0 && shownProgress >= 0)) {
      shownProgress = progress;
      // a negative value removes the bar
      window.current?.setProgressBar(progress);
    }
  };
  app.subscribe((event) => {
    work.update(event);
    if (event.event === 'build.finished' || event.event === 'push.finished') {
      showProgress();
    } else {
      timer ??= setTimeout(showProgress, progressIntervalMs);
    }
    const notification = notificationFor(event);
    if (notification && BrowserWindow.getFocusedWindow() === null && Notification.isSupported()) {
      void wantsNotification(app, notification.kind).then((isWanted) => {
        if (isWanted) {
          showNotification(notification, () => window.show(notification.route));
        }
      });
    }
  });
}

async function wantsNotification(app: AppApi, kind: NotificationKind): Promise<boolean> {
  const result = await app.call('settings.get', {});
  const settings = result.ok ? settingsSchema.safeParse(result.value).data : undefined;
  return settings?.notifications !== false && isNotified(kind, settings ?? {});
}

/** Keeps notifications from being garbage collected, after which their click events would be lost. */
const openNotifications = new Set<Notification>();

function showNotification({ title, body }: AppNotification, onClick: () => void): void {
  const notification = new Notification({ title, body });
  openNotifications.add(notification);
  const release = (): boolean => openNotifications.delete(notification);
  notification.on('click', () => {
    release();
    onClick();
  });
  notification.on('close', release);
  notification.on('failed', release);
  notification.show();
}
