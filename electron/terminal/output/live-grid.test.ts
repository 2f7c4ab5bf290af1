import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { endEvents, jobChanged, piFailed, start, startEvents } from '../testing/recorded-build.ts';
import { RecordedStream } from '../testing/recorded-stream.ts';
import { LiveGrid } from './live-grid.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: start + 7000 });
});
afterEach(() => {
  vi.useRealTimers();
});

function gridOn(stream: RecordedStream): LiveGrid {
  const grid = new LiveGrid(stream, (_style, text) => text);
  for (const event of startEvents) {
    grid.onEvent(event);
  }
  return grid;
}
const wide = { columns: 140, rows: 24 };

/** The text drawn since the last call. */
function drawn(stream: RecordedStream): string {
  const { text } = stream;
  stream.text = '';
  return stripVTControlCharacters(text);
}

test('the grid is drawn ten times a second, not with every event', () => {
  const stream = new RecordedStream(wide);
  const grid = gridOn(stream);
  expect(drawn(stream)).toBe('');
  vi.advanceTimersByTime(100);
  expect(drawn(stream)).toMatch(/^registry.*0:07.*\nlinux\/amd64.*\nlinux\/arm64.*RUN apk add.*\n$/);
  grid.onEvent(jobChanged(piFailed));
  expect(drawn(stream)).toBe('');
  vi.advanceTimersByTime(100);
  expect(drawn(stream)).toContain('✗ failed');
  grid.finish();
});

test('only changed lines are written, without clearing the screen', () => {
  const stream = new RecordedStream(wide);
  const grid = gridOn(stream);
  vi.advanceTimersByTime(100);
  drawn(stream);
  vi.advanceTimersByTime(100);
  expect(stream.text).not.toContain('\u001b[2J');
  expect(drawn(stream)).not.toContain('registry');
  grid.finish();
});

test('after the build the rows stay, and nothing more is drawn', () => {
  const stream = new RecordedStream(wide);
  const grid = gridOn(stream);
  vi.advanceTimersByTime(100);
  for (const event of endEvents) {
    grid.onEvent(event);
  }
  drawn(stream);
  grid.finish();
  expect(drawn(stream)).toMatch(/^registry.*1:43.*\nlinux\/amd64.*✓ done.*\nlinux\/arm64.*✓ done.*\n$/);
  grid.finish();
  vi.advanceTimersByTime(1000);
  expect(drawn(stream)).toBe('');
  expect(vi.getTimerCount()).toBe(0);
  expect(stream.listenerCount('resize')).toBe(0);
});

test('the final rows include those that did not fit on the screen', () => {
  const stream = new RecordedStream({ columns: 140, rows: 3 });
  const grid = gridOn(stream);
  vi.advanceTimersByTime(100);
  expect(drawn(stream).trimEnd().split('\n')).toHaveLength(2);
  grid.finish();
  expect(drawn(stream).trimEnd().split('\n')).toHaveLength(3);
});

test('the grid is removed while paused, and returns', () => {
  const stream = new RecordedStream(wide);
  const grid = gridOn(stream);
  vi.advanceTimersByTime(100);
  grid.pause();
  drawn(stream);
  vi.advanceTimersByTime(1000);
  expect(drawn(stream)).toBe('');
  grid.resume();
  vi.advanceTimersByTime(100);
  expect(drawn(stream)).toMatch(/^registry/);
  grid.finish();
});

test('a terminal that becomes narrower is cleared of wrapped lines and redrawn', () => {
  const stream = new RecordedStream(wide);
  const grid = gridOn(stream);
  vi.advanceTimersByTime(100);
  drawn(stream);
  stream.columns = 80;
  stream.emit('resize');
  // one line of less than 80 columns, and two lines of 138 columns that now wrap
  expect(stream.text).toMatch(/^.\[5A\r.\[J/);
  drawn(stream);
  vi.advanceTimersByTime(100);
  expect(drawn(stream).trimEnd().split('\n')).toHaveLength(5);
  grid.finish();
});
