import type { AppEvent } from '../../shared/contract.ts';
import { type AppNotification, notificationFor } from '../../shared/notification.ts';
import { isNotified } from '../../shared/notification-kind.ts';
import { subscribe } from '../api.ts';
import { isFlag, recall, remembered, rememberValue } from './memory.ts';
import { navigate, openSheet, parseHash } from './navigation.ts';
import { updateSettings, useSettings } from './settings.ts';
import { toast, toastProblem } from './toasts.ts';

/** Notifications of the browser front end. The desktop app shows its own, with the same texts. */

/** Whether notifications were offered once. */
const offeredMemory = remembered('notifications.offered', isFlag, false);

/** What the browser allows. `unsupported` if it has no notifications. */
export function notificationPermission(): NotificationPermission | 'unsupported' {
  return 'Notification' in window ? Notification.permission : 'unsupported';
}

/** Turns notifications on or off. Call it on a click: browsers ask for permission only then. @throws Failure */
export async function setNotifications(isOn: boolean): Promise<void> {
  const { frontEnd } = useSettings.getState().info ?? {};
  if (isOn && frontEnd === 'browser' && notificationPermission() === 'default') {
    await Notification.requestPermission();
  }
  await updateSettings({ notifications: isOn });
}

/** Shows notifications while the window does not have the focus. @returns a function that stops it */
export function startNotifications(): () => void {
  return subscribe((event) => {
    const { info, settings } = useSettings.getState();
    if (event.event === 'bases.newer' && document.hasFocus() && isNotified('base', settings)) {
      sayNewerBases(event);
    }
    if (info?.frontEnd !== 'browser') {
      return;
    }
    if (event.event === 'build.started' && !event.ofOtherProcess && document.hasFocus()) {
      offerNotifications(settings.notifications);
    }
    const notification = notificationFor(event);
    const isWanted = notification && settings.notifications && isNotified(notification.kind, settings);
    if (isWanted && notificationPermission() === 'granted' && !document.hasFocus()) {
      notify(notification, tagOf(event));
    }
  });
}

/** The first build that a person starts here is the moment to ask whether they want to hear of its end. */
function offerNotifications(areOn: boolean | undefined): void {
  if (notificationPermission() !== 'default') {
    return;
  }
  if (areOn) {
    // each start of the browser front end has an address of its own, for which the browser asks again
    void Notification.requestPermission();
  } else if (areOn === undefined && !recall(offeredMemory)) {
    rememberValue(offeredMemory, true);
    toast({
      title: 'Get a notification when builds end?',
      description: 'You can change this in the settings.',
      action: { label: 'Turn on', run: () => void setNotifications(true).catch(toastProblem) },
      timeoutMs: 20_000,
    });
  }
}

function notify({ title, body, route }: AppNotification, tag: string): void {
  // two tabs show one notification, because it has the same tag in both
  const notification = new Notification(title, { body, tag });
  notification.onclick = () => {
    window.focus();
    show(route);
    notification.close();
  };
}

/** In a window that is looked at, base images that are newer are said in the window. */
function sayNewerBases(event: Extract<AppEvent, { event: 'bases.newer' }>): void {
  const notification = notificationFor(event);
  if (notification) {
    const label = event.builds.length === 1 ? 'Rebuild…' : 'Show builds';
    toast({
      title: notification.title,
      description: notification.body,
      action: { label, run: () => show(notification.route) },
    });
  }
}

/** Opens what a notification is about. */
function show(route: string | undefined): void {
  const parsed = route === undefined ? undefined : parseHash(route);
  if (parsed) {
    navigate(parsed.view);
  }
  if (parsed?.sheet) {
    openSheet(parsed.sheet);
  }
}

function tagOf(event: AppEvent): string {
  switch (event.event) {
    case 'build.finished':
      return `build ${event.build.id}`;
    case 'push.finished':
      return `push ${event.push.id}`;
    case 'question.asked':
      return `question ${event.question.id}`;
    case 'node.alert':
      return `${event.alert.kind} ${event.alert.nodes.join(' ')}`;
    case 'timer.finished':
      return `timer ${event.name}`;
    default:
      return event.event;
  }
}
