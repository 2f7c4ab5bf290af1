import { BrowserWindow, Notification } from 'electron';
import type { Callee } from './ipc.ts';
import { type AppNotification, notificationOf } from './notification.ts';
import type { MainWindow } from './window.ts';
import type { Work } from './work.ts';

/** The bar in the dock or on the taskbar is drawn anew after steps of this part of the whole only. */
const visibleStep = 0.01;

/** Keeps a person informed who looks elsewhere: progress in the dock or on the taskbar, a notification at the end. */
export function callAttention(app: Callee, work: Work, window: MainWindow): void {
  let shown = -1;
  app.subscribe((event) => {
    work.hear(event);
    const progress = work.progress ?? -1;
    if (Math.abs(progress - shown) >= visibleStep || (progress < 0 && shown >= 0)) {
      shown = progress;
      // below 0 there is no bar
      window.present?.setProgressBar(progress);
    }
    const note = notificationOf(event);
    if (note && BrowserWindow.getFocusedWindow() === null && Notification.isSupported()) {
      notify(note, () => window.show(note.place));
    }
  });
}

/** A notification that nobody holds is collected, and its click is never heard. */
const held = new Set<Notification>();

function notify({ title, body }: AppNotification, onClick: () => void): void {
  const notification = new Notification({ title, body });
  held.add(notification);
  const release = (): boolean => held.delete(notification);
  notification.on('click', () => {
    release();
    onClick();
  });
  notification.on('close', release);
  notification.on('failed', release);
  notification.show();
}
