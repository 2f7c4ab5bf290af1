/** What notifications are about. Each kind can be turned off in the settings. */
export const notificationKinds = ['build', 'question', 'node', 'disk', 'set-aside', 'base'] as const;
export type NotificationKind = (typeof notificationKinds)[number];

/** When there is a notification of each kind, for the settings. */
export const notificationKindTexts: Readonly<
  Record<NotificationKind, { readonly title: string; readonly hint: string }>
> = {
  build: { title: 'Builds and pushes', hint: 'A build or push has ended.' },
  question: { title: 'Questions', hint: 'A sign-in or a build needs an answer.' },
  node: { title: 'Nodes', hint: 'A node that has answered is down for a minute, or is back.' },
  disk: { title: 'Disk space', hint: 'The disk of a node is nearly full.' },
  'set-aside': {
    title: 'Nodes set aside',
    hint: 'Jobs failed on a node again and again, so that it gets none for a while.',
  },
  base: { title: 'Base images', hint: 'A registry has a newer base image of a build.' },
};

/** Whether a person wants notifications of a kind, if they want any. */
export function isNotified(
  kind: NotificationKind,
  { mutedNotifications = [] }: { mutedNotifications?: readonly string[] | undefined },
): boolean {
  return !mutedNotifications.includes(kind);
}
