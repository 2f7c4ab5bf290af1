/** What is said of the queue. Without the schemas of `queue.ts`, which the page does not have. */
import { formatCount, formatList, formatNumber, formatReferenceShort, formatTimeOfDay } from './format.ts';
import type { HoldState, JobWait, NodeHold } from './queue.ts';

/** The words for nodes that take no jobs. */
export const holdWords: Readonly<Record<HoldState, string>> = { paused: 'Paused', draining: 'Draining' };

/** `amd-a is paused: disk swap`. */
export function holdText({ node, state, reason }: NodeHold): string {
  const words = state === 'paused' ? 'is paused' : 'is draining';
  return `${node} ${words}${reason ? `: ${reason}` : ''}`;
}

/**
 * What a queued job waits for: `a slot on pi4, 2 ahead, until about 14:03`, `pi4 to be resumed (disk swap)`. The time does not go
 * out of date where it stays on the screen.
 */
export function formatWait({ reason, ahead, startsAt, note }: JobWait, node: string): string {
  switch (reason) {
    case 'queue-paused':
      return 'the queue to be resumed';
    case 'build-paused':
      return 'the build to be resumed';
    case 'node-paused':
      return `${node} to be resumed${note ? ` (${note})` : ''}`;
    case 'slot': {
      const count = ahead > 0 ? `, ${formatNumber(ahead)} ahead` : '';
      return `a slot on ${node}${count}${startsAt === undefined ? '' : `, until about ${formatHourAndMinute(startsAt)}`}`;
    }
  }
}

/** `behind api:1.4 (2 jobs) and web:2`: the builds that a job waits for. Undefined if it waits for none. */
export function behindText({ behind = [] }: JobWait): string | undefined {
  const names = behind.map(({ reference, jobs }) =>
    jobs > 1 ? `${formatReferenceShort(reference)} (${formatCount(jobs, 'job')})` : formatReferenceShort(reference),
  );
  return names.length > 0 ? `behind ${formatList(names)}` : undefined;
}

function formatHourAndMinute(time: string): string {
  return formatTimeOfDay(Date.parse(time)).slice(0, 5);
}
