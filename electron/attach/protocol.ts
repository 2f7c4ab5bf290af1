/** The terminal's use of the running app: the messages between them, one JSON value a line. */
import type { Socket } from 'node:net';
import { z } from 'zod';
import { frontEndSchema } from '../../shared/app-info.ts';
import { type AppEvent, type CallName, type CallOutput, calls, events } from '../../shared/contract.ts';
import { problemSchema, type Result } from '../../shared/problem.ts';

/** What the terminal sends. */
export const requestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('call'), id: z.string(), name: z.string(), input: z.unknown() }),
  z.object({ type: z.literal('cancel'), id: z.string() }),
  /** From now on, events are sent. */
  z.object({ type: z.literal('subscribe') }),
]);
export type Request = z.infer<typeof requestSchema>;

/** The first message of the app. `salt` and `environment` are of `hashEnvironment`. */
export const helloSchema = z.object({
  type: z.literal('hello'),
  version: z.string(),
  frontEnd: frontEndSchema,
  salt: z.string(),
  environment: z.string(),
});
export type Hello = z.infer<typeof helloSchema>;

/** What the app sends afterwards. */
export const responseSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('result'),
    id: z.string(),
    result: z.discriminatedUnion('ok', [
      z.object({ ok: z.literal(true), value: z.unknown(), seq: z.number().optional() }),
      z.object({ ok: z.literal(false), problem: problemSchema }),
    ]),
  }),
  z.object({ type: z.literal('event'), seq: z.number(), event: z.unknown() }),
]);
export type Response = z.infer<typeof responseSchema>;

/** The longest line that the app accepts, in characters; as for the page. */
export const maxRequestChars = 16 * 1024 * 1024;

/** The longest line that the app sends, in characters. Lists of many builds are long. */
export const maxResponseChars = 256 * 1024 * 1024;

/** How much the app holds back for a terminal that does not read. It is then disconnected. */
export const maxBacklogBytes = maxResponseChars;

export function send(socket: Socket, message: Request | Hello | Response): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

/** The schema of each output, typed by what its call resolves with. */
const outputs: { readonly [N in CallName]: { readonly output: z.ZodType<CallOutput<N>> } } = calls;

/** Validates the output of a call. @returns undefined if it has another form */
export function parseResult<N extends CallName>(name: N, result: Result<unknown>): Result<CallOutput<N>> | undefined {
  if (!result.ok) {
    return result;
  }
  const output = outputs[name].output.safeParse(result.value);
  return output.success ? { ...result, value: output.data } : undefined;
}

const namedSchema = z.looseObject({ event: z.enum(Object.keys(events)) });

export function isAppEvent(value: unknown): value is AppEvent {
  const named = namedSchema.safeParse(value);
  const [, schema] = Object.entries(events).find(([name]) => name === named.data?.event) ?? [];
  return schema?.safeParse(value).success ?? false;
}

/** Calls `onLine` for each line of a socket, in time linear to what arrives. `onTooLong` ends the connection. */
export function readLines(
  socket: Socket,
  maxChars: number,
  { onLine, onTooLong }: { readonly onLine: (line: string) => void; readonly onTooLong: () => void },
): void {
  let parts: string[] = [];
  let length = 0;
  socket.setEncoding('utf8').on('data', (text: string) => {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const line = parts.join('') + text.slice(start, end);
      parts = [];
      length = 0;
      start = end + 1;
      if (line.length > maxChars) {
        onTooLong();
        return;
      }
      onLine(line);
    }
    parts.push(text.slice(start));
    length += text.length - start;
    if (length > maxChars) {
      parts = [];
      onTooLong();
    }
  });
}

/** @returns undefined if the line is not JSON or has another form */
export function parseLine<T>(schema: z.ZodType<T>, line: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
