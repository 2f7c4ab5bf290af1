import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { type Failure, fail } from '../../../shared/problem.ts';

/** The longest message that is read, in characters. Engines send much shorter ones. */
const maxMessageChars = 16 * 1024 * 1024;

/**
 * Reads a stream with one JSON value per line, the format in which engines report long operations.
 * @param node the node's name, for problems
 * @throws Failure `engine.answer` for a line that does not match the schema
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
    if (rest.length > maxMessageChars) {
      throw invalidMessageProblem(rest, node);
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
    throw invalidMessageProblem(line, node);
  }
}

function invalidMessageProblem(line: string, node: string): Failure {
  return fail(
    'engine.answer',
    `Node ${node}: the engine sent a message that Barnraiser does not understand.`,
    'Check that the socket belongs to a container engine and that no proxy changes its responses.',
    line.slice(0, 200),
  );
}
