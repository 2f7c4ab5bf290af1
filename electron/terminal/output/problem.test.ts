import { expect, test } from 'vitest';
import type { Problem } from '../../../shared/problem.ts';
import { RecordedStream } from '../testing/recorded-stream.ts';
import { paintFor } from './paint.ts';
import { printProblem, printUsageProblem } from './problem.ts';

const problem: Problem = { code: 'engine.no-socket', message: 'Node pi4 has no socket.', fix: 'Start it.' };
const size = { columns: 80, rows: 24 };

test('a problem is printed with its message, fix and details', () => {
  const stream = new RecordedStream();
  printProblem(stream, { ...problem, detail: 'first\n\n  second\u001b[31m\n' });
  expect(stream.text).toBe(
    'error: Node pi4 has no socket.\n  Start it.\n    first\n    \n      second\n  More: barnraiser explain engine.no-socket\n',
  );
});

test('a problem names its page, and a usage problem has one line', () => {
  const stream = new RecordedStream();
  printProblem(stream, problem);
  printUsageProblem(stream, problem);
  printUsageProblem(stream, { ...problem, fix: '' });
  expect(stream.lines).toEqual([
    'error: Node pi4 has no socket.',
    '  Start it.',
    '  More: barnraiser explain engine.no-socket',
    'error: Node pi4 has no socket. Start it.',
    'error: Node pi4 has no socket.',
  ]);
});

test('a page is named once, and not for what was cancelled', () => {
  const stream = new RecordedStream();
  printProblem(stream, { ...problem, code: 'build.cancelled' });
  expect(stream.text).not.toContain('explain');
  printProblem(stream, problem);
  printProblem(stream, problem, { severity: 'warning' });
  expect(stream.lines.filter((line) => line.includes('explain'))).toEqual([
    '  More: barnraiser explain engine.no-socket',
  ]);
});

test('actions follow the fix, as the commands and flags of the terminal', () => {
  const stream = new RecordedStream();
  const actions: Problem['actions'] = [
    { id: 'push-without-tls', reason: 'plain-http' },
    { id: 'check-connection', connection: 'pi4' },
  ];
  printProblem(stream, { ...problem, actions });
  expect(stream.lines).toEqual([
    'error: Node pi4 has no socket.',
    '  Start it.',
    '  To go on over plain HTTP, add --tls-verify=false.',
    '  To find the cause, run barnraiser connection test pi4.',
    '  More: barnraiser explain engine.no-socket',
  ]);
});

test('colors are used only on terminals, and not if NO_COLOR is set', () => {
  const red = (stream: RecordedStream, env: Record<string, string>) => paintFor(stream, env)('red', 'error:');
  expect(red(new RecordedStream(size), {})).toBe('\u001b[31merror:\u001b[39m');
  expect(red(new RecordedStream(size), { NO_COLOR: '' })).toBe('\u001b[31merror:\u001b[39m');
  expect(red(new RecordedStream(size), { NO_COLOR: '1' })).toBe('error:');
  expect(red(new RecordedStream(size), { TERM: 'dumb' })).toBe('error:');
  expect(red(new RecordedStream(), {})).toBe('error:');
});

test('as JSON, a problem and a usage problem are one line each', () => {
  const stream = new RecordedStream();
  printProblem(stream, { ...problem, detail: 'first\nsecond' }, { json: true });
  printUsageProblem(stream, problem, { json: true });
  expect(stream.lines.map((line): unknown => JSON.parse(line))).toEqual([
    { problem: { ...problem, detail: 'first\nsecond' } },
    { problem },
  ]);
});
