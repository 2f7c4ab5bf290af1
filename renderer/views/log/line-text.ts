import Anser from 'anser';

/** The style of a part of a line. The names are those of the style sheet. */
export interface TextStyle {
  readonly colour?: Colour;
  readonly background?: Colour;
  readonly bold?: true;
  readonly dim?: true;
  readonly italic?: true;
  readonly underline?: true;
  readonly strikethrough?: true;
  readonly reverse?: true;
}

export interface StyledText {
  readonly text: string;
  readonly style: TextStyle;
}

export interface RenderedLine {
  readonly parts: readonly StyledText[];
  /** The number of characters that are not shown. */
  readonly hiddenCharacters: number;
}

export const colours = ['grey', 'red', 'yellow', 'green', 'cyan', 'blue', 'magenta'] as const;
export type Colour = (typeof colours)[number];

/** The number of characters of a line that the list shows. A dialog shows longer lines in full. */
export const maxShownCharacters = 2_000;

/** A part of a line is an element of the page: a program that changes colours more often has no colours from there on. */
const maxParts = 200;

const noStyle: TextStyle = {};

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what these look for
/** A line with a backspace, escape or CSI character needs to be interpreted. */
const controlCharacters = /[\x08\x1b\x9b]/;
const colourCode = /\x1b\[[0-9;:]*m/g;
/** A colour sequence, or one character. */
const colourOrCharacter = /\x1b\[[0-9;:]*m|[\s\S]/g;
/** ECMA-48 control sequences other than colours: titles, links, cursor movements, character sets. */
const terminalCommands =
  /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|[\x9b][0-9;:<=>?]*[ -/]*[@-~]|\x1b\[[0-9;:<=>?]*[ -/]*[@-ln-~]|\x1b\[[<=>?][0-9;:]*m|\x1b[ -/]+[0-~]|\x1b[0-OQ-WYZ\\`-~]/g;

/** Invisible characters with an effect: controls, and those that change the direction of text (U+202A…, U+2066…). */
const unsafeCharacters = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above

/**
 * A line as the list shows it: with named colours, without text that a terminal would have overwritten, and with visible
 * replacements for control characters. Shows `maxCharacters` at most.
 */
export function renderLine(raw: string, maxCharacters = maxShownCharacters): RenderedLine {
  const line = lastOverwrite(raw);
  // cut before the rest is interpreted; colour sequences do not count as shown characters, so more than is shown is kept
  const kept = line.slice(0, maxCharacters * 8);
  const cutCharacters = line.length - kept.length;
  const parts: StyledText[] = [];
  let remaining = maxCharacters;
  let length = 0;
  for (const { text, style } of parseColours(withoutCommands(kept))) {
    length += text.length;
    if (remaining > 0 && text !== '') {
      parts.push({ text: text.slice(0, remaining), style });
      remaining -= text.length;
    }
  }
  return { parts, hiddenCharacters: Math.max(0, length - maxCharacters) + cutCharacters };
}

/** The maximum width of a line, in columns of a monospaced font. */
export function maxColumns(raw: string): number {
  const shownText = raw.length > maxShownCharacters ? raw.slice(0, maxShownCharacters) : raw;
  // space for the button that shows the full line
  const extra = raw.length > maxShownCharacters ? 40 : 0;
  const tabs = shownText.includes('\t') ? (shownText.split('\t').length - 1) * 7 : 0;
  const wide = /[\u1100-\uffff]/.test(shownText) ? shownText.length : 0;
  return shownText.length + tabs + wide + extra;
}

/** A line without colours, for copying and screen readers. */
export function plainText(raw: string): string {
  return replaceUnsafe(withoutCommands(lastOverwrite(raw)).replaceAll(colourCode, ''));
}

/** The text after the last carriage return that text follows: a terminal writes it over the text before it. */
function lastOverwrite(raw: string): string {
  let end = raw.length;
  while (raw[end - 1] === '\r') {
    end -= 1;
  }
  return raw.slice(end === 0 ? 0 : raw.lastIndexOf('\r', end - 1) + 1, end);
}

/** A line without commands to the terminal except colours. A backspace erases the character before it. Takes linear time. */
function withoutCommands(line: string): string {
  if (!controlCharacters.test(line)) {
    return line;
  }
  const text = line.replaceAll(terminalCommands, '');
  if (!text.includes('\b')) {
    return text;
  }
  const pieces: string[] = [];
  /** The indexes of the characters in `pieces` that a backspace can erase. */
  const erasable: number[] = [];
  for (const [piece] of text.matchAll(colourOrCharacter)) {
    if (piece === '\b') {
      const erased = erasable.pop();
      if (erased !== undefined) {
        pieces[erased] = '';
      }
      continue;
    }
    if (piece.length === 1) {
      erasable.push(pieces.length);
    }
    pieces.push(piece);
  }
  return pieces.join('');
}

function replaceUnsafe(text: string): string {
  return text.replaceAll(unsafeCharacters, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
  });
}

function parseColours(text: string): StyledText[] {
  if (!text.includes('\x1b')) {
    return [{ text: replaceUnsafe(text), style: noStyle }];
  }
  const [first = '', ...rest] = text.split('\x1b[');
  // a new parser for each line, so that an unterminated colour does not affect the next line
  const parser = new Anser();
  const options = { json: true, use_classes: true } as const;
  const parts: StyledText[] = [{ text: replaceUnsafe(first), style: noStyle }];
  for (const chunk of rest.slice(0, maxParts)) {
    const entry = parser.processChunk(chunk, options, true);
    parts.push({ text: replaceUnsafe(entry.content), style: styleOf(entry) });
  }
  const unstyled = rest.slice(maxParts).map((chunk) => `\x1b[${chunk}`);
  if (unstyled.length > 0) {
    parts.push({ text: replaceUnsafe(unstyled.join('').replaceAll(colourCode, '')), style: noStyle });
  }
  return parts;
}

type Entry = Pick<Anser.AnserJsonEntry, 'decorations'> & {
  readonly [key in 'fg' | 'bg' | 'fg_truecolor' | 'bg_truecolor']: string | null;
};

function styleOf(entry: Entry): TextStyle {
  const has = (name: Anser.DecorationName): boolean => entry.decorations.includes(name);
  const colour = colourOf(entry.fg, entry.fg_truecolor);
  const background = colourOf(entry.bg, entry.bg_truecolor);
  return {
    ...(colour ? { colour } : {}),
    ...(background ? { background } : {}),
    ...(has('bold') ? { bold: true } : {}),
    ...(has('dim') ? { dim: true } : {}),
    ...(has('italic') ? { italic: true } : {}),
    ...(has('underline') ? { underline: true } : {}),
    ...(has('strikethrough') ? { strikethrough: true } : {}),
    ...(has('reverse') ? { reverse: true } : {}),
  };
}

/** Maps a colour to one that is readable in the light and the dark theme. Black and white become the text colour. */
function colourOf(name: string | null, exact: string | null): Colour | undefined {
  if (!name) {
    return undefined;
  }
  if (name === 'ansi-truecolor') {
    return nearestColour((exact ?? '').split(',').map(Number));
  }
  const palette = /^ansi-palette-(\d+)$/.exec(name)?.[1];
  if (palette !== undefined) {
    return nearestColour(paletteColour(Number(palette)));
  }
  const base = name.replace(/^ansi-/, '');
  return base === 'bright-black' ? 'grey' : colours.find((colour) => base.endsWith(colour));
}

/** RGB of the colours 16 to 255 of xterm: a 6×6×6 cube, then 24 greys. */
function paletteColour(index: number): number[] {
  if (index >= 232) {
    return [0, 1, 2].map(() => 8 + (index - 232) * 10);
  }
  const level = (value: number): number => (value === 0 ? 0 : 55 + value * 40);
  const cubeIndex = index - 16;
  return [level(Math.floor(cubeIndex / 36)), level(Math.floor(cubeIndex / 6) % 6), level(cubeIndex % 6)];
}

function nearestColour([red = 0, green = 0, blue = 0]: readonly number[]): Colour | undefined {
  const max = Math.max(red, green, blue);
  const spread = max - Math.min(red, green, blue);
  if (spread < 36) {
    return max > 70 && max < 190 ? 'grey' : undefined;
  }
  const sector =
    max === red
      ? ((green - blue) / spread + 6) % 6
      : max === green
        ? (blue - red) / spread + 2
        : (red - green) / spread + 4;
  const hue = sector * 60;
  /** Each colour up to its greatest hue, in degrees. */
  const hues: readonly [number, Colour][] = [
    [20, 'red'],
    [70, 'yellow'],
    [165, 'green'],
    [200, 'cyan'],
    [260, 'blue'],
    [340, 'magenta'],
    [360, 'red'],
  ];
  return hues.find(([maxHue]) => hue <= maxHue)?.[1];
}
