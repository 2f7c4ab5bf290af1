import { expect, test, vi } from 'vitest';
import type { AppEvent } from '../shared/contract.ts';
import { parsePlatform } from '../shared/platform.ts';
import { Events } from './events.ts';

const platform = parsePlatform('linux/amd64') ?? expect.fail('no platform');

function line(from: number, text: string): AppEvent {
  return { event: 'job.log', buildId: 'b', platform, node: 'n', from, lines: [text] };
}

test('log lines that come together are told together, in their order and once', async () => {
  const events = new Events();
  const told: AppEvent[] = [];
  events.subscribe((event) => told.push(event));
  events.batch(line(0, 'one'));
  events.batch(line(1, 'two'));
  expect(told).toEqual([]);
  await expect.poll(() => told).toEqual([{ ...line(0, 'one'), lines: ['one', 'two'] }]);
});

test('what was batched is told before an event that comes after it', () => {
  const events = new Events();
  const told: string[] = [];
  events.subscribe((event) => told.push(event.event));
  events.batch(line(0, 'one'));
  events.emit({ event: 'question.settled', id: 'q' });
  expect(told).toEqual(['job.log', 'question.settled']);
});

test('lines of different builds are not mixed', () => {
  const events = new Events();
  const told: AppEvent[] = [];
  events.subscribe((event) => told.push(event));
  const other: AppEvent = { event: 'job.log', buildId: 'c', platform, node: 'n', from: 0, lines: ['other'] };
  events.batch(line(0, 'one'));
  events.batch(other);
  events.flush();
  expect(told).toEqual([line(0, 'one'), other]);
});

test('whoever has unsubscribed is told nothing more', () => {
  const events = new Events();
  const listener = vi.fn();
  const unsubscribe = events.subscribe(listener);
  unsubscribe();
  events.emit({ event: 'question.settled', id: 'q' });
  expect(listener).not.toHaveBeenCalled();
});

test('a flood of lines is told in pieces, without waiting and without losing one', () => {
  const events = new Events();
  const told: AppEvent[] = [];
  events.subscribe((event) => told.push(event));
  const lines = 300_000;
  for (let number = 0; number < lines; number += 1) {
    events.batch(line(number, 'x'));
  }
  expect(told.length).toBeGreaterThan(100);
  events.flush();
  const logs = told.flatMap((event) => (event.event === 'job.log' ? [event] : []));
  const counted = logs.reduce((next, { from, lines: some }) => {
    expect(from).toBe(next);
    return next + some.length;
  }, 0);
  expect(counted).toBe(lines);
});

test('lines of a job that has moved are told of the node that said them', () => {
  const events = new Events();
  const told: AppEvent[] = [];
  events.subscribe((event) => told.push(event));
  const later: AppEvent = { event: 'job.log', buildId: 'b', platform, node: 'other', from: 1, lines: ['two'] };
  events.batch(line(0, 'one'));
  events.batch(later);
  events.flush();
  expect(told).toEqual([line(0, 'one'), later]);
});
