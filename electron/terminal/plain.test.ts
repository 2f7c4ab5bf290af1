import { expect, test } from 'vitest';
import { JsonView } from './json.ts';
import { PlainView } from './plain.ts';
import {
  building,
  changed,
  logged,
  makeFailed,
  pi,
  piFailed,
  steps,
  toTheEnd,
  underWay,
} from './testing/recorded-build.ts';
import { RecordedStream } from './testing/recorded-stream.ts';

const plain = (events: Parameters<PlainView['onEvent']>[0][]): string[] => {
  const stream = new RecordedStream();
  const view = new PlainView(stream);
  for (const event of events) {
    view.onEvent(event);
  }
  view.finish();
  return stream.lines;
};

test('a build is told in lines that name the platform and the node', () => {
  expect(plain([...underWay, ...toTheEnd])).toEqual([
    '[build] registry.example.com/team/api:1.4: linux/amd64 on big-amd (native, idle), linux/arm64 on pi4 (native, only node)',
    '[build] old is left out: Node old did not answer in 15 s.',
    '[linux/amd64 big-amd] sending the context',
    '[linux/arm64 pi4] sending the context',
    '[build] the context is packed: 1,204 files, 12.4 MB',
    '[linux/amd64 big-amd] STEP 1/5: FROM docker.io/library/alpine:3.20',
    '[linux/amd64 big-amd] STEP 2/5: RUN apk add …',
    '[linux/arm64 pi4] STEP 1/5: FROM docker.io/library/alpine:3.20',
    '[linux/amd64 big-amd] bringing the image back',
    `[linux/amd64 big-amd] done in 0:42: 12.4 MB sent, 3.1 MB received, sha256:${'a'.repeat(64)}`,
    `[linux/arm64 pi4] done in 1:42: 12.4 MB sent, 3.1 MB received, sha256:${'b'.repeat(64)}`,
  ]);
});

test('a failed job says why', () => {
  expect(plain([...underWay, changed(piFailed)]).at(-1)).toBe(
    `[linux/arm64 pi4] failed after 1:01: ${makeFailed.message}`,
  );
});

test('a line says the node that it came from, also after another took over', () => {
  const pi5 = { ...pi, node: 'pi5', lost: [{ node: 'pi4', problem: makeFailed }] };
  const lines = plain([...underWay, logged(pi, 1, 'the last'), changed(pi5), logged(pi5, 2, 'the first')]);
  expect(lines.slice(-2)).toEqual(['[linux/arm64 pi4] the last', '[linux/arm64 pi5] the first']);
});

test('what a node says cannot control the terminal, and empty lines stay', () => {
  const lines = plain([...underWay, logged(pi, 1, '\u001b[2J\u001b]0;x\u0007ok', '', '1%\r99%')]);
  expect(lines.slice(-3)).toEqual(['[linux/arm64 pi4] ok', '[linux/arm64 pi4]', '[linux/arm64 pi4] 99%']);
});

test('changes within a phase, other builds, and what comes before the build are not told', () => {
  const other = { ...building, id: 'other' };
  const before = plain([...underWay]);
  const lines = plain([
    ...underWay,
    changed({ ...pi, status: 'building', steps: steps(3), bytesSent: 5 }),
    { event: 'build.started', build: other },
    { event: 'job.changed', buildId: 'other', job: piFailed },
    { event: 'build.context', buildId: 'other', files: 1, bytes: 1, done: true },
    { event: 'job.log', buildId: 'other', platform: pi.platform, node: 'pi4', from: 0, lines: ['of another'] },
  ]);
  expect(lines).toEqual([...before, ...lines.slice(before.length)]);
  expect(lines.slice(before.length)).toEqual([]);
  expect(plain([changed(piFailed)])).toEqual(['']);
});

test('as JSON, every event is a line of its own', () => {
  const stream = new RecordedStream();
  const view = new JsonView(stream);
  for (const event of underWay) {
    view.onEvent(event);
  }
  view.finish();
  expect(stream.lines.map((line): unknown => JSON.parse(line))).toEqual(underWay);
});
