import { useEffect } from 'react';
import { formatCount, formatReferenceShort } from '../../shared/format.ts';
import icon from '../icon.svg';
import { useBuilds, useRunningIds } from '../stores/builds.ts';
import { isGood, type UnseenBuild, useUnseenBuilds } from '../stores/watched-builds.ts';

const appName = 'Barnraiser';

/** `✓ api:1.4` for a build that ended unseen, `● Building api:1.4` while one runs, else the name of the app. */
export function windowTitle(
  unseen: readonly Pick<UnseenBuild, 'status' | 'reference' | 'notPushed'>[],
  running: readonly string[],
): string {
  const [ended] = unseen;
  const [building] = running;
  if (ended) {
    const others = unseen.length > 1 ? ` and ${unseen.length - 1} more` : '';
    return `${isGood(ended) ? '✓' : '✗'} ${formatReferenceShort(ended.reference)}${others} · ${appName}`;
  }
  if (building !== undefined) {
    const what = running.length > 1 ? formatCount(running.length, 'image') : formatReferenceShort(building);
    return `● Building ${what} · ${appName}`;
  }
  return appName;
}

/** Shows running builds, and those that ended unseen, in the title, the icon and the badge of the window. */
export function useWindowTitle(): void {
  const unseen = useUnseenBuilds();
  const runningIds = useRunningIds();
  const running = useBuilds(({ entries }) => runningIds.map((id) => entries[id]?.reference ?? id).join('\n'));
  const title = windowTitle(unseen, running === '' ? [] : running.split('\n'));
  const state = unseen.some((build) => build.status !== 'interrupted' && !isGood(build))
    ? 'failed'
    : unseen.length > 0
      ? 'done'
      : running === ''
        ? 'idle'
        : 'running';
  const count = unseen.length;
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => setIcon(state), [state]);
  useEffect(() => {
    // only windows of an installed page have a badge
    const badge = count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.();
    badge?.catch(() => undefined);
  }, [count]);
}

/** The colors of the dot on the icon. Browsers draw it on light and on dark tabs. */
const dotColors = { running: '#4a6cf0', done: '#2a9d5f', failed: '#d6343f' } as const;

function setIcon(state: keyof typeof dotColors | 'idle'): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) {
    return;
  }
  if (state === 'idle') {
    link.href = icon;
    return;
  }
  const house =
    '<path d="M6 15.5 16 6l10 9.5V26H6Z" fill="none" stroke="#fff" stroke-width="2.6" stroke-linejoin="round"/>';
  const dot = `<circle cx="24" cy="24" r="8" fill="${dotColors[state]}" stroke="#fff" stroke-width="2"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#3457d5"/>${house}${dot}</svg>`;
  link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
