import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Colors a text, or returns it unchanged if the stream has no colors. */
export type Paint = (style: Style, text: string) => string;

export function isTerminal(stream: Writable): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

/** Uses colors only on terminals, and not if NO_COLOR is set (https://no-color.org). */
export function paintFor(stream: Writable, env: Readonly<Record<string, string | undefined>> = process.env): Paint {
  const hasColors = isTerminal(stream) && !env.NO_COLOR && env.TERM !== 'dumb';
  // without `validateStream: false`, styleText would check standard output instead of this stream
  return (style, text) => (hasColors && text !== '' ? styleText(style, text, { validateStream: false }) : text);
}
