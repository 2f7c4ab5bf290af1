import { expect, test } from 'vitest';
import { Failure } from '../../shared/problem.ts';
import { latestTime, nextTimes } from './cron.ts';

function next(cron: string, timeZone: string, after: string, count = 3): string[] {
  return nextTimes({ cron, timeZone }, count, new Date(after)).map((time) => time.toISOString().slice(0, 16));
}

function problemOf(cron: string, timeZone?: string): string {
  try {
    nextTimes({ cron, timeZone }, 1, new Date());
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return error instanceof Error ? error.message : '';
  }
}

test('names the times of five fields, of words and of nicknames', () => {
  expect(next('30 2 * * 1-5', 'UTC', '2026-07-03T12:00:00Z')).toEqual([
    '2026-07-06T02:30',
    '2026-07-07T02:30',
    '2026-07-08T02:30',
  ]);
  expect(next('0 9 * * MON', 'UTC', '2026-07-03T12:00:00Z', 1)).toEqual(['2026-07-06T09:00']);
  // both 0 and 7 are Sunday
  expect(next('0 9 * * 7', 'UTC', '2026-07-03T12:00:00Z', 1)).toEqual(
    next('0 9 * * 0', 'UTC', '2026-07-03T12:00:00Z', 1),
  );
  expect(next('@hourly', 'UTC', '2026-07-03T12:30:00Z', 2)).toEqual(['2026-07-03T13:00', '2026-07-03T14:00']);
});

test('reads the times in their zone', () => {
  expect(next('@daily', 'Asia/Kolkata', '2026-07-03T00:00:00Z', 1)).toEqual(['2026-07-03T18:30']);
});

test('runs once on a day on which an hour is left out or comes twice', () => {
  // half past two does not exist on March 29 in Berlin, and comes twice on October 25
  expect(next('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z')).toEqual([
    '2026-03-28T01:30',
    '2026-03-29T01:00',
    '2026-03-30T00:30',
  ]);
  expect(next('30 2 * * *', 'Europe/Berlin', '2026-10-24T00:00:00Z')).toEqual([
    '2026-10-24T00:30',
    '2026-10-25T00:30',
    '2026-10-26T01:30',
  ]);
  expect(next('30 2,14 * * *', 'Europe/Berlin', '2026-03-28T13:30:00Z', 2)).toEqual([
    '2026-03-29T01:00',
    '2026-03-29T12:30',
  ]);
});

test('goes on in steps through an hour that comes twice', () => {
  expect(next('*/30 * * * *', 'Europe/Berlin', '2026-10-25T00:00:00Z', 4)).toEqual([
    '2026-10-25T00:30',
    '2026-10-25T01:00',
    '2026-10-25T01:30',
    '2026-10-25T02:00',
  ]);
});

test('knows leap days, and refuses days that never come', () => {
  expect(next('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual(['2028-02-29T00:00', '2032-02-29T00:00']);
  expect(problemOf('0 0 30 2 *')).toBe('"0 0 30 2 *" names no time: such a day never comes.');
});

test.each(['* * * * * *', '61 * * * *', '* * * *', '@never', '@reboot', '2026-10-26T00:00:00Z', 'a b c d e', ' '])(
  'refuses %j',
  (cron) => {
    expect(problemOf(cron)).toBe(`"${cron}" is not a cron expression.`);
  },
);

test('refuses a time zone that there is not', () => {
  expect(problemOf('@daily', 'Mars/Olympus')).toBe('There is no time zone "Mars/Olympus".');
});

test('finds the latest time of an interval, with its end and without its beginning', () => {
  const times = { cron: '0 0 * * *', timeZone: 'UTC' };
  const latest = (after: string, until: string): string | undefined =>
    latestTime(times, new Date(after), new Date(until))?.toISOString();
  expect(latest('2026-07-01T00:00:00Z', '2026-07-04T10:00:00Z')).toBe('2026-07-04T00:00:00.000Z');
  expect(latest('2026-07-03T23:59:59Z', '2026-07-04T00:00:00Z')).toBe('2026-07-04T00:00:00.000Z');
  expect(latest('2026-07-04T00:00:00Z', '2026-07-04T23:59:59.999Z')).toBeUndefined();
});
