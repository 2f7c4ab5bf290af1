import Anser from 'anser';

/** How a piece of a line looks, in names that the style sheet knows. */
export interface Look {
  readonly colour?: Colour;
  readonly ground?: Colour;
  readonly bold?: true;
  readonly dim?: true;
  readonly italic?: true;
  readonly underline?: true;
  readonly struck?: true;
  readonly reverse?: true;
}

export interface Piece {
  readonly text: string;
  readonly look: Look;
}

export interface ShownLine {
  readonly pieces: readonly Piece[];
  /** How many characters of it are not shown. */
  readonly hidden: number;
}

export const colours = ['grey', 'red', 'yellow', 'green', 'cyan', 'blue', 'magenta'] as const;
export type Colour = (typeof colours)[number];

/** What is shown of a line in the list; the rest can be opened. */
export const shownCharacters = 2_000;

const plain: Look = {};

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what these look for
/** Anything that needs a closer look than a plain line: the escape and the backspace. */
const controls = /[\x08\x1b\x9b]/;
const colourCode = /\x1b\[[0-9;:]*m/g;
/** Commands to a terminal that are no colours: titles, links, cursor movements, character sets. Written after ECMA-48. */
const commands =
  /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|[\x9b][0-9;:<=>?]*[ -/]*[@-~]|\x1b\[[0-9;:<=>?]*[ -/]*[@-ln-~]|\x1b\[[<=>?][0-9;:]*m|\x1b[ -/]+[0-~]|\x1b[0-OQ-WYZ\\`-~]/g;

/** Signs that would act and not be seen: controls, and those that turn the direction of text (U+202A…, U+2066…). */
const acting = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A character and the backspace that takes it back. */
const rubbedOut = /[^\x08]?\x08/;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above

/**
 * A line as it is shown: colours as names, what a terminal would have overwritten left out, control characters visible and
 * harmless. Its length is bounded by `most`, however long the line is.
 */
export function showLine(raw: string, most = shownCharacters): ShownLine {
  // colour codes are not counted, so a little more is looked at than can be shown
  const looked = lastState(raw.length > most * 8 ? raw.slice(0, most * 8) : raw);
  const whole = raw.length > most * 8 ? plainText(raw).length : undefined;
  const pieces: Piece[] = [];
  let left = most;
  let length = 0;
  for (const { text, look } of coloured(looked)) {
    length += text.length;
    if (left > 0 && text !== '') {
      pieces.push({ text: text.length > left ? text.slice(0, left) : text, look });
      left -= text.length;
    }
  }
  return { pieces, hidden: Math.max(0, (whole ?? length) - most) };
}

/** How wide a line is at most, in characters of a face in which all have one width. */
export function widthOf(raw: string): number {
  const looked = raw.length > shownCharacters ? raw.slice(0, shownCharacters) : raw;
  // the note that there is more, and what stands behind a step
  const more = raw.length > shownCharacters || raw.startsWith('STEP ') ? 40 : 0;
  const tabs = looked.includes('\t') ? (looked.split('\t').length - 1) * 7 : 0;
  const wide = /[\u1100-\uffff]/.test(looked) ? looked.length : 0;
  return looked.length + tabs + wide + more;
}

/** A line without colours, as it is copied and read aloud. */
export function plainText(raw: string): string {
  return harmless(lastState(raw).replaceAll(colourCode, ''));
}

/** What a terminal would show in the end: after a carriage return a line is written anew. */
function lastState(raw: string): string {
  let text = raw;
  if (text.includes('\r')) {
    text = text.replace(/\r+$/, '');
    text = text.slice(text.lastIndexOf('\r') + 1);
  }
  if (!controls.test(text)) {
    return text;
  }
  text = text.replaceAll(commands, '');
  while (text.includes('\b')) {
    const shorter = text.replace(rubbedOut, '');
    if (shorter === text) {
      break;
    }
    text = shorter;
  }
  return text;
}

function harmless(text: string): string {
  return text.replaceAll(acting, (sign) => {
    const code = sign.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
  });
}

function coloured(text: string): Piece[] {
  if (!text.includes('\x1b')) {
    return [{ text: harmless(text), look: plain }];
  }
  const [first = '', ...rest] = text.split('\x1b[');
  // a parser for each line: a colour that is not ended does not run into the next one
  const parser = new Anser();
  const options = { json: true, use_classes: true } as const;
  const pieces: Piece[] = [{ text: harmless(first), look: plain }];
  for (const chunk of rest) {
    const entry = parser.processChunk(chunk, options, true);
    pieces.push({ text: harmless(entry.content), look: lookOf(entry) });
  }
  return pieces;
}

type Entry = Pick<Anser.AnserJsonEntry, 'decorations'> & {
  readonly [key in 'fg' | 'bg' | 'fg_truecolor' | 'bg_truecolor']: string | null;
};

function lookOf(entry: Entry): Look {
  const has = (name: Anser.DecorationName): boolean => entry.decorations.includes(name);
  const colour = colourOf(entry.fg, entry.fg_truecolor);
  const ground = colourOf(entry.bg, entry.bg_truecolor);
  return {
    ...(colour ? { colour } : {}),
    ...(ground ? { ground } : {}),
    ...(has('bold') ? { bold: true } : {}),
    ...(has('dim') ? { dim: true } : {}),
    ...(has('italic') ? { italic: true } : {}),
    ...(has('underline') ? { underline: true } : {}),
    ...(has('strikethrough') ? { struck: true } : {}),
    ...(has('reverse') ? { reverse: true } : {}),
  };
}

/** Every colour becomes one of a few that can be read in light and dark; black and white are the colour of the text. */
function colourOf(name: string | null, exact: string | null): Colour | undefined {
  if (!name) {
    return undefined;
  }
  if (name === 'ansi-truecolor') {
    return nearest((exact ?? '').split(',').map(Number));
  }
  const palette = /^ansi-palette-(\d+)$/.exec(name)?.[1];
  if (palette !== undefined) {
    return nearest(paletteColour(Number(palette)));
  }
  const base = name.replace(/^ansi-/, '');
  return base === 'bright-black' ? 'grey' : colours.find((colour) => base.endsWith(colour));
}

/** xterm's 256 colours from the 17th on: a cube of 6×6×6, then 24 greys. */
function paletteColour(index: number): number[] {
  if (index >= 232) {
    return [0, 1, 2].map(() => 8 + (index - 232) * 10);
  }
  const level = (value: number): number => (value === 0 ? 0 : 55 + value * 40);
  const at = index - 16;
  return [level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6)];
}

function nearest([red = 0, green = 0, blue = 0]: readonly number[]): Colour | undefined {
  const most = Math.max(red, green, blue);
  const spread = most - Math.min(red, green, blue);
  if (spread < 36) {
    return most > 70 && most < 190 ? 'grey' : undefined;
  }
  const turn =
    most === red
      ? ((green - blue) / spread + 6) % 6
      : most === green
        ? (blue - red) / spread + 2
        : (red - green) / spread + 4;
  const degrees = turn * 60;
  const ends: readonly [number, Colour][] = [
    [20, 'red'],
    [70, 'yellow'],
    [165, 'green'],
    [200, 'cyan'],
    [260, 'blue'],
    [340, 'magenta'],
    [360, 'red'],
  ];
  return ends.find(([end]) => degrees <= end)?.[1];
}

export interface MarkedPiece extends Piece {
  readonly marked: boolean;
}

/** Cuts pieces where a pattern matches across them. The pattern must be global. */
export function markPieces(pieces: readonly Piece[], pattern: RegExp | undefined): MarkedPiece[] {
  const whole = pattern ? pieces.map(({ text }) => text).join('') : '';
  const matches = pattern ? [...whole.matchAll(pattern)].filter(([text]) => text !== '') : [];
  if (matches.length === 0) {
    return pieces.map((piece) => ({ ...piece, marked: false }));
  }
  const edges = matches.flatMap(({ index, 0: text }) => [index, index + text.length]);
  const cut: MarkedPiece[] = [];
  let at = 0;
  for (const { text, look } of pieces) {
    const end = at + text.length;
    const inside = edges.filter((edge) => edge > at && edge < end);
    for (const [index, from] of [at, ...inside].entries()) {
      const to = inside[index] ?? end;
      const marked = matches.some((match) => from >= match.index && from < match.index + match[0].length);
      cut.push({ text: whole.slice(from, to), look, marked });
    }
    at = end;
  }
  return cut;
}

/** A pattern that finds a text wherever it stands, upper and lower case alike. */
export function patternOf(text: string): RegExp | undefined {
  return text === '' ? undefined : new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'giu');
}
