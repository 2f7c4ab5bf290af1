/** Apart from the schema, which the page must not contain. */
import { formatCount, formatTimeOfDay } from './format.ts';
import type { SetAside } from './set-aside.ts';

/** `set aside until 14:05 after 3 failures`, `tried with one job after 3 failures`. */
export function setAsideText({ until, failures, trialSince }: SetAside, now = Date.now()): string {
  const after = `after ${formatCount(failures, 'failure')}`;
  if (trialSince !== undefined) {
    return `tried with one job ${after}`;
  }
  const untilMs = Date.parse(until);
  return untilMs > now
    ? `set aside until ${formatTimeOfDay(untilMs).slice(0, 'HH:MM'.length)} ${after}`
    : `gets one job next, which decides, ${after}`;
}
