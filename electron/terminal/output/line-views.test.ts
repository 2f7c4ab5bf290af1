import { expect, test } from 'vitest';
import {
  bigDone,
  building,
  endEvents,
  jobChanged,
  jobLog,
  makeFailed,
  pi,
  piFailed,
  startEvents,
  stepChanged,
  steps,
} from '../testing/recorded-build.ts';
import { RecordedStream } from '../testing/recorded-stream.ts';
import { JsonView, PlainTextView } from './line-views.ts';

const plain = (events: readonly Parameters<PlainTextView['onEvent']>[0][]): string[] => {
  const stream = new RecordedStream();
  const view = new PlainTextView(stream);
  for (const event of events) {
    view.onEvent(event);
  }
  view.finish();
  return stream.lines;
};

test('lines start with the platform and the node', () => {
  expect(plain([...startEvents, ...endEvents])).toEqual([
    '[build] registry.example.com/team/api:1.4: linux/amd64 on big-amd (native, idle), linux/arm64 on pi4 (only native node)',
    '[build] skipping old: Node old did not answer in 15 s.',
    '[linux/amd64 big-amd] sending the context',
    '[linux/arm64 pi4] sending the context',
    '[build] context packed: 1,204 files, 12.4 MB',
    '[linux/amd64 big-amd] STEP 1/5: FROM docker.io/library/alpine:3.20',
    '[linux/amd64 big-amd] STEP 2/5: RUN apk add …',
    '[linux/arm64 pi4] STEP 1/5: FROM docker.io/library/alpine:3.20',
    '[linux/amd64 big-amd] transferring the image',
    `[linux/amd64 big-amd] done in 0:42: 12.4 MB sent, 3.1 MB received, sha256:${'a'.repeat(64)}`,
    `[linux/arm64 pi4] done in 1:42: 12.4 MB sent, 3.1 MB received, sha256:${'b'.repeat(64)}`,
  ]);
});

test('the line of the last failed job leaves the reason to the summary', () => {
  expect(plain([...startEvents, jobChanged(bigDone), jobChanged(piFailed)]).at(-1)).toBe(
    '[linux/arm64 pi4] failed after 1:01',
  );
});

test('the line of a failed job gives the reason while others are running', () => {
  expect(plain([...startEvents, jobChanged(piFailed)]).at(-1)).toBe(
    `[linux/arm64 pi4] failed after 1:01: ${makeFailed.message}`,
  );
});

test('a job that waits for a slot says how many wait before it, whenever that changes', () => {
  const waiting = (ahead: number, bytesSent = 0) => jobChanged({ ...pi, bytesSent, wait: { reason: 'slot', ahead } });
  const previous = plain(startEvents);
  const lines = plain([...startEvents, waiting(1), waiting(1, 5), waiting(0)]);
  expect(lines.slice(previous.length)).toEqual([
    '[linux/arm64 pi4] waiting for a slot on pi4, 1 ahead',
    '[linux/arm64 pi4] waiting for a slot on pi4',
  ]);
});

test('a line names the node that it came from, also after another node took over', () => {
  const pi5 = { ...pi, node: 'pi5', lost: [{ node: 'pi4', problem: makeFailed }] };
  const lines = plain([...startEvents, jobLog(pi, 1, 'the last'), jobChanged(pi5), jobLog(pi5, 2, 'the first')]);
  expect(lines.slice(-2)).toEqual(['[linux/arm64 pi4] the last', '[linux/arm64 pi5] the first']);
});

test('a line names its step if the log named another one last', () => {
  const [from, run, copy] = steps(3).map((step, index) => ({ ...step, firstLine: [0, 1, 4][index] }));
  if (!from || !run || !copy) {
    throw new Error('there are three steps');
  }
  const line = (number: number, text: string, { id }: { id: string }) => ({
    ...jobLog(pi, number, text),
    stepIds: [id],
  });
  const lines = plain([
    ...startEvents.slice(0, 1),
    ...[stepChanged(pi, from), stepChanged(pi, run), stepChanged(pi, copy)],
    ...[
      line(0, 'STEP 1/5: FROM', from),
      line(1, 'STEP 2/5: RUN', run),
      line(2, 'mine', run),
      line(3, 'of the first', from),
    ],
    ...[line(4, 'STEP 3/5: COPY', copy), line(5, 'of the second', run)],
  ]);
  expect(lines.slice(-6).map((each) => each.replace('[linux/arm64 pi4] ', ''))).toEqual([
    'STEP 1/5: FROM',
    'STEP 2/5: RUN',
    'mine',
    '[1/5] of the first',
    'STEP 3/5: COPY',
    '[2/5] of the second',
  ]);
});

test('output of a node cannot control the terminal, and empty lines are kept', () => {
  const lines = plain([...startEvents, jobLog(pi, 1, '\u001b[2J\u001b]0;x\u0007ok', '', '1%\r99%')]);
  expect(lines.slice(-3)).toEqual(['[linux/arm64 pi4] ok', '[linux/arm64 pi4]', '[linux/arm64 pi4] 99%']);
});

test('changes within a phase, other builds and events before the build are not written', () => {
  const other = { ...building, id: 'other' };
  const previous = plain([...startEvents]);
  const lines = plain([
    ...startEvents,
    jobChanged({ ...pi, status: 'building', steps: steps(3), bytesSent: 5 }),
    { event: 'build.started', build: other },
    { event: 'job.changed', buildId: 'other', job: piFailed },
    { event: 'build.context', buildId: 'other', files: 1, bytes: 1, done: true },
    { event: 'job.log', buildId: 'other', platform: pi.platform, node: 'pi4', from: 0, lines: ['of another'] },
  ]);
  expect(lines).toEqual([...previous, ...lines.slice(previous.length)]);
  expect(lines.slice(previous.length)).toEqual([]);
  expect(plain([jobChanged(piFailed)])).toEqual(['']);
});

test('as JSON, every event is one line', () => {
  const stream = new RecordedStream();
  const view = new JsonView(stream);
  for (const event of startEvents) {
    view.onEvent(event);
  }
  view.finish();
  expect(stream.lines.map((line): unknown => JSON.parse(line))).toEqual(startEvents);
});

test('a job that is being cancelled says so before it has ended', () => {
  expect(plain([...startEvents, jobChanged({ ...pi, status: 'cancelling' })]).at(-1)).toBe(
    '[linux/arm64 pi4] cancelling…',
  );
});
