/** The times that a cron expression names. */
import { Cron } from 'croner';
import { type Failure, fail } from '../../shared/problem.ts';

export interface CronTimes {
  /** An expression of five fields, or a name such as `@daily`. */
  readonly cron: string;
  /** An IANA name. Without it: the zone of this computer. */
  readonly timeZone?: string | undefined;
}

const example = 'Use five fields (minute, hour, day, month, weekday), such as "30 2 * * 1-5", or @daily.';

/** The first times after a moment. @throws Failure `timer.time` for an expression without any */
export function nextTimes(times: CronTimes, count: number, after: Date): Date[] {
  const found = parse(times).nextRuns(count, after);
  if (found.length === 0) {
    throw fail('timer.time', `"${times.cron}" names no time: such a day never comes.`, example);
  }
  return found;
}

/** The latest time in the interval from `after`, without it, to `until`, with it. @throws Failure `timer.time` */
export function latestTime(times: CronTimes, after: Date, until: Date): Date | undefined {
  // times before a moment do not include it, and have whole seconds
  const [latest] = parse(times).previousRuns(1, new Date(Math.floor(until.getTime() / 1000) * 1000 + 1000));
  return latest && latest > after ? latest : undefined;
}

function parse({ cron, timeZone }: CronTimes): Cron {
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    throw fail('timer.time', `There is no time zone "${timeZone}".`, 'Use a name such as Europe/Berlin or UTC.');
  }
  const text = cron.trim();
  if (!text.startsWith('@') && text.split(/\s+/).length !== 5) {
    throw invalid(cron);
  }
  try {
    return new Cron(text, {
      mode: '5-part',
      paused: true,
      // "30 2,14 * * *" on the day on which there is no half past two runs then, too, as with other crons
      fixedTimeRule: 'no-wildcard',
      ...(timeZone === undefined ? {} : { timezone: timeZone }),
    });
  } catch (error) {
    throw invalid(cron, error);
  }
}

function invalid(cron: string, error?: unknown): Failure {
  const detail = error instanceof Error ? error.message.replace(/^\w+Error: |^CronPattern: /, '') : undefined;
  return fail('timer.time', `"${cron}" is not a cron expression.`, example, detail, error);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
