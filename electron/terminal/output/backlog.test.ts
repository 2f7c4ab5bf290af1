import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { endEvents, jobLog, pi, startEvents } from '../testing/recorded-build.ts';
import { writeInBackground } from './backlog.ts';
import { JsonView, PlainTextView } from './line-views.ts';

/** A pipe that nothing reads until it is opened. */
class ClosedPipe extends Writable {
  text = '';
  #waiting: (() => void) | undefined;
  #isOpen = false;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    if (this.#isOpen) {
      done();
    } else {
      this.#waiting = done;
    }
  }

  async open(): Promise<void> {
    this.#isOpen = true;
    this.#waiting?.();
    await new Promise<void>((resolve) => this.end(resolve));
  }
}

const line = 'x'.repeat(1_000);
const count = 30_000;

it.each(['plain', 'json'] as const)('keeps little of a log that nothing reads, and all results (%s)', async (kind) => {
  const pipe = new ClosedPipe();
  const view = kind === 'plain' ? new PlainTextView(pipe) : new JsonView(pipe);
  for (const event of startEvents) {
    view.onEvent(event);
  }
  for (let from = 0; from < count; from += 100) {
    view.onEvent(jobLog(pi, from, ...Array<string>(100).fill(line)));
  }
  expect(pipe.writableLength).toBeLessThan(10 * 1024 * 1024);
  for (const event of endEvents) {
    view.onEvent(event);
  }
  view.finish();
  await pipe.open();
  const lines = pipe.text.trimEnd().split('\n');
  if (kind === 'plain') {
    const written = lines.filter((each) => each.endsWith(line)).length;
    const omitted = Number(/ ([\d,]+) lines left out here/.exec(pipe.text)?.[1]?.replaceAll(',', ''));
    expect(written + omitted).toBe(count);
    expect(pipe.text).toContain('done in 1:42');
  } else {
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject(endEvents.at(-1) ?? {});
  }
});

it('leaves nothing out while it is read', async () => {
  const pipe = new ClosedPipe();
  const opened = pipe.open();
  const view = new PlainTextView(pipe);
  view.finish();
  await opened;
  expect(pipe.text).toBe('');
});

it('lets a terminal be paused, and accepts streams that are none', () => {
  const set: boolean[] = [];
  const terminal = Object.assign(new ClosedPipe(), { _handle: { setBlocking: (value: boolean) => set.push(value) } });
  writeInBackground(terminal);
  writeInBackground(new ClosedPipe());
  expect(set).toEqual([false]);
});
