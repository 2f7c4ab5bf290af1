import { formatCount, formatList } from '../../shared/format.ts';
import type { Work } from './work.ts';

/** What to ask before quitting, or undefined where nothing would be lost. The first button quits. */
export function quitQuestion({
  builds,
  pushes,
}: Pick<Work, 'builds' | 'pushes'>): { readonly message: string; readonly buttons: string[] } | undefined {
  const running = [
    ...(builds > 0 ? [formatCount(builds, 'build')] : []),
    ...(pushes > 0 ? [formatCount(pushes, 'push', 'pushes')] : []),
  ];
  if (running.length === 0) {
    return undefined;
  }
  const one = builds + pushes === 1;
  return {
    message: `${formatList(running)} ${one ? 'is' : 'are'} running. Quit and cancel ${one ? 'it' : 'them'}?`,
    buttons: ['Quit and cancel', one ? 'Keep it running' : 'Keep them running'],
  };
}
