import { expect, test, vi } from 'vitest';
import type { AppEvent } from '../shared/contract.ts';
import { parsePlatform } from '../shared/platform.ts';
import { Events } from './events.ts';

const platform = parsePlatform('linux/amd64') ?? expect.fail('not a platform');

function line(from: number, text: string): AppEvent {
  return { event: 'job.log', buildId: 'b', platform, node: 'n', from, lines: [text] };
}

test('log lines are batched, in order and once', async () => {
  const events = new Events();
  const emitted: AppEvent[] = [];
  events.subscribe((event) => emitted.push(event));
  events.batch(line(0, 'one'));
  events.batch(line(1, 'two'));
  expect(emitted).toEqual([]);
  await expect.poll(() => emitted).toMatchObject([{ ...line(0, 'one'), lines: ['one', 'two'] }]);
});

test('batched events are emitted before an event that follows them', () => {
  const events = new Events();
  const emitted: string[] = [];
  events.subscribe((event) => emitted.push(event.event));
  events.batch(line(0, 'one'));
  events.emit({ event: 'question.closed', id: 'q' });
  expect(emitted).toEqual(['job.log', 'question.closed']);
});

test('lines of different builds are not mixed', () => {
  const events = new Events();
  const emitted: AppEvent[] = [];
  events.subscribe((event) => emitted.push(event));
  const other: AppEvent = { event: 'job.log', buildId: 'c', platform, node: 'n', from: 0, lines: ['other'] };
  events.batch(line(0, 'one'));
  events.batch(other);
  events.flush();
  expect(emitted).toMatchObject([line(0, 'one'), other]);
});

test('an unsubscribed listener is not called', () => {
  const events = new Events();
  const listener = vi.fn();
  const unsubscribe = events.subscribe(listener);
  unsubscribe();
  events.emit({ event: 'question.closed', id: 'q' });
  expect(listener).not.toHaveBeenCalled();
});

test('many lines are emitted in several batches, without waiting and without loss', () => {
  const events = new Events();
  const emitted: AppEvent[] = [];
  events.subscribe((event) => emitted.push(event));
  const lines = 300_000;
  for (let number = 0; number < lines; number += 1) {
    events.batch(line(number, 'x'));
  }
  expect(emitted.length).toBeGreaterThan(100);
  events.flush();
  const logs = emitted.flatMap((event) => (event.event === 'job.log' ? [event] : []));
  const counted = logs.reduce((next, { from, lines: some }) => {
    expect(from).toBe(next);
    return next + some.length;
  }, 0);
  expect(counted).toBe(lines);
});

test('lines of a job that moved keep the node that printed them', () => {
  const events = new Events();
  const emitted: AppEvent[] = [];
  events.subscribe((event) => emitted.push(event));
  const later: AppEvent = { event: 'job.log', buildId: 'b', platform, node: 'other', from: 1, lines: ['two'] };
  events.batch(line(0, 'one'));
  events.batch(later);
  events.flush();
  expect(emitted).toMatchObject([line(0, 'one'), later]);
});

test('a step is emitted in its newest state, before its lines', () => {
  const events = new Events();
  const emitted: AppEvent[] = [];
  events.subscribe((event) => emitted.push(event));
  const step = { id: '0:1', index: 1, total: 1, name: 'RUN x', cached: false, startedAt: '2026-03-01T10:00:00.000Z' };
  events.batch(line(0, 'one'));
  events.batch({ event: 'step.changed', buildId: 'b', platform, step });
  events.batch({ event: 'step.changed', buildId: 'b', platform, step: { ...step, durationMs: 5 } });
  events.batch({ event: 'step.changed', buildId: 'b', platform, step: { ...step, id: '0:2' } });
  events.flush();
  expect(emitted).toMatchObject([
    { event: 'step.changed', step: { id: '0:1', durationMs: 5 } },
    { step: { id: '0:2' } },
    { event: 'job.log' },
  ]);
});
