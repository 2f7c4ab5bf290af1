import { expect, test } from 'vitest';
import { RecordedStream } from '../testing/recorded-stream.ts';
import { printWarnings } from './project-warnings.ts';

test('warnings have a line each, and one hint for all patterns', () => {
  const stream = new RecordedStream();
  printWarnings(stream, [
    {
      kind: 'env-file',
      path: '.env',
      message: 'may contain secrets',
      actions: [{ id: 'ignore-files', patterns: ['.env'] }],
    },
    {
      kind: 'private-key',
      path: 'a\u001b[2J.key',
      message: 'looks like a private key',
      actions: [{ id: 'ignore-files', patterns: ['a?[2J.key'] }],
    },
    { kind: 'containerfile', path: 'Containerfile', line: 3, message: 'There is no stage built.' },
  ]);
  expect(stream.text).toMatchInlineSnapshot(`
    "warning: .env may contain secrets
    warning: a.key looks like a private key
    warning: Containerfile, line 3: There is no stage built.
      To leave them out, add to .containerignore, a line each: .env a?[2J.key
    "
  `);
});

test('many warnings are cut', () => {
  const stream = new RecordedStream();
  printWarnings(
    stream,
    Array.from({ length: 30 }, (_, index) => ({
      kind: 'private-key',
      path: `${index}.key`,
      message: 'looks like a private key',
      actions: [{ id: 'ignore-files' as const, patterns: [`${index}.key`], file: '.dockerignore' }],
    })),
  );
  expect(stream.text.trim().split('\n').slice(-3)).toMatchInlineSnapshot(`
    [
      "warning: 9.key looks like a private key",
      "warning: 20 more files like these",
      "  To leave them out, add to .dockerignore, a line each: 0.key 1.key 2.key 3.key 4.key 5.key 6.key 7.key 8.key 9.key",
    ]
  `);
});
