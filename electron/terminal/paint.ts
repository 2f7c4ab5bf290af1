import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

export function isTerminal(stream: Writable): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

/** Colours are for terminals, and not for those whose person does not want them (https://no-color.org). */
export function paintFor(stream: Writable, env: Readonly<Record<string, string | undefined>> = process.env): Paint {
  const colours = isTerminal(stream) && !env.NO_COLOR && env.TERM !== 'dumb';
  // whether there are colours is decided here, of the stream that is written to, and not of standard output
  return (style, text) => (colours && text !== '' ? styleText(style, text, { validateStream: false }) : text);
}
