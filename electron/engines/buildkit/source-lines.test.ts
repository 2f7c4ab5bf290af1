import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { errorSource, sourceLines } from './source-lines.ts';

const build = { file: 'Dockerfile' };

/** An error with a detail as BuildKit in docker 26.1.5 sends it. */
function errorWith(type: string, value: string): ConnectError {
  const error = new ConnectError('process "/bin/sh -c make" did not complete', Code.Unknown);
  error.details.push({ type, value: Buffer.from(value) });
  return error;
}

test('the lines of an error come from its details', () => {
  const source = JSON.stringify({
    info: { filename: 'Dockerfile', data: 'eA==', language: 'Dockerfile' },
    ranges: [{ start: { line: 10 }, end: { line: 12 } }],
  });
  expect(errorSource(errorWith('errdefs.Source+json', source), build)).toEqual({
    ...{ file: 'Dockerfile', firstLine: 10, lastLine: 12 },
  });
  expect(errorSource(errorWith('errdefs.Vertex+json', source), build)).toBeUndefined();
});

test.each([
  '',
  'null',
  '[]',
  '{"ranges":[{"start":{"line":"x"}}]}',
  '{"ranges":[{}]}',
  '{"ranges":[{"start":{"line":-3}}]}',
])('details that name no lines are ignored: %s', (source) => {
  expect(errorSource(errorWith('errdefs.Source+json', source), build)).toBeUndefined();
});

test('several ranges are told as one, and a Containerfile without a name of its own has its usual name', () => {
  const ranges = [
    { start: { line: 7 }, end: { line: 5 } },
    { start: { line: 3 }, end: { line: 4 } },
  ];
  expect(sourceLines(undefined, ranges, { file: '.barnraiser-3f2a' })).toEqual({
    ...{ file: 'Containerfile', firstLine: 3, lastLine: 5 },
  });
});
