import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { type Failure, fail } from '../../shared/problem.ts';

/** An engine's messages are short; one that is longer than this (in characters) is no message. */
const longestLine = 16 * 1024 * 1024;

/**
 * The messages of a stream that holds one JSON value a line, as engines report long work.
 * Fails with `engine.answer` where a line is no such message; `node` is for that sentence.
 */
export async function* jsonLines<T>(
  stream: Readable,
  schema: z.ZodType<T>,
  node: string,
): AsyncGenerator<T, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) {
      throw noMessage(rest, node);
    }
    yield* lines.filter((line) => line.trim() !== '').map((line) => parse(line, schema, node));
  }
  rest += decoder.decode();
  if (rest.trim() !== '') {
    yield parse(rest, schema, node);
  }
}

function parse<T>(line: string, schema: z.ZodType<T>, node: string): T {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    throw noMessage(line, node);
  }
}

function noMessage(line: string, node: string): Failure {
  return fail(
    'engine.answer',
    `Node ${node}: the engine sent something that Barnraiser does not understand.`,
    "Check that the socket is an engine's and that nothing in between changes what it says.",
    line.slice(0, 200),
  );
}
