/** A set of characters, as ranges of code points. */
interface CharacterSet {
  readonly ranges: readonly (readonly [first: number, last: number])[];
  readonly isNegated: boolean;
}

type Token =
  /** One character, or any number of them if `repeats`. */
  | {
      readonly kind: 'characters';
      readonly sets: readonly CharacterSet[];
      readonly isNegated: boolean;
      repeats: boolean;
    }
  /** `(.*\/)?`: any number of folders. */
  | { readonly kind: 'folders' }
  /** Between two characters: at the boundary of a word or not, at the start or at the end of the path. */
  | { readonly kind: 'boundary' | 'no-boundary' | 'start' | 'end' };

const slash = 0x2f;
const newline = 0x0a;
const maxCodePoint = 0x10ffff;
/** How many sets of tokens that accept a character are kept. */
const maxKnownMasks = 256;

/**
 * Matches paths with a regular expression of the kind that moby/patternmatcher makes of an ignore pattern. All states that the
 * expression can be in are followed at once, one bit for each token, so a match takes time in proportion to the lengths of path
 * and expression. JavaScript's own regular expressions take exponential time for some.
 */
export class PathMatcher {
  /** The bits of the tokens of each kind. Bit n belongs to token n, the bit after the last token to the end. */
  readonly #single: Uint32Array;
  readonly #repeated: Uint32Array;
  readonly #folders: Uint32Array;
  readonly #conditions: Readonly<Record<'boundary' | 'no-boundary' | 'start' | 'end', Uint32Array>>;
  /** Tokens that may match nothing, wherever they are. */
  readonly #optional: Uint32Array;
  readonly #hasConditions: boolean;
  readonly #tokens: readonly Token[];
  readonly #minLength: number;
  readonly #prefix: string;
  readonly #suffix: string;
  /** Code point → tokens that accept it. */
  readonly #masks = new Map<number, Uint32Array>();
  /** The tokens that may match next. */
  readonly #active: Uint32Array;
  /** The tokens of kind `folders` that have matched a part of a path, and no slash at its end. */
  readonly #insideFolders: Uint32Array;

  private constructor(tokens: readonly Token[]) {
    const bits = (isMember: (token: Token) => boolean) => bitsOf(tokens, isMember);
    this.#tokens = tokens;
    this.#single = bits((token) => token.kind === 'characters' && !token.repeats);
    this.#repeated = bits((token) => token.kind === 'characters' && token.repeats);
    this.#folders = bits(({ kind }) => kind === 'folders');
    this.#conditions = {
      boundary: bits(({ kind }) => kind === 'boundary'),
      'no-boundary': bits(({ kind }) => kind === 'no-boundary'),
      start: bits(({ kind }) => kind === 'start'),
      end: bits(({ kind }) => kind === 'end'),
    };
    this.#optional = bits((token) => token.kind === 'folders' || (token.kind === 'characters' && token.repeats));
    this.#hasConditions = tokens.some(({ kind }) => kind !== 'characters' && kind !== 'folders');
    this.#minLength = tokens.filter((token) => token.kind === 'characters' && !token.repeats).length;
    const literals = tokens.map(literalOf);
    const firstOther = literals.indexOf(undefined);
    const lastOther = literals.lastIndexOf(undefined);
    this.#prefix = literals.slice(0, firstOther < 0 ? undefined : firstOther).join('');
    this.#suffix = literals.slice(lastOther + 1).join('');
    this.#active = new Uint32Array(this.#single.length);
    this.#insideFolders = new Uint32Array(this.#single.length);
  }

  /**
   * @param expression what moby/patternmatcher makes of a pattern, without `^` and `$` around it
   * @returns undefined if Go would not compile it
   */
  static compile(expression: string): PathMatcher | undefined {
    const tokens = parseExpression(expression);
    return tokens && new PathMatcher(tokens);
  }

  matches(path: string): boolean {
    // most paths are refused here
    if (path.length < this.#minLength || !path.startsWith(this.#prefix) || !path.endsWith(this.#suffix)) {
      return false;
    }
    this.#active.fill(0);
    this.#active[0] = 1;
    this.#insideFolders.fill(0);
    let previous: number | undefined;
    for (let at = 0; at < path.length; ) {
      const code = path.codePointAt(at) ?? 0;
      at += code > 0xffff ? 2 : 1;
      this.#skipOptional(previous, code);
      if (!this.#accept(code)) {
        return false;
      }
      previous = code;
    }
    this.#skipOptional(previous, undefined);
    const end = this.#tokens.length;
    return (((this.#active[end >>> 5] ?? 0) >>> (end & 31)) & 1) === 1;
  }

  /**
   * Adds the tokens that come after active tokens that may match nothing. Adding the bits of optional tokens to those that are
   * active carries through a row of them.
   */
  #skipOptional(previous: number | undefined, next: number | undefined): void {
    const conditions = this.#conditions;
    const isBoundary = this.#hasConditions && isWordCharacter(previous) !== isWordCharacter(next);
    const wordBits = conditions[isBoundary ? 'boundary' : 'no-boundary'];
    let carry = 0;
    for (let word = 0; word < this.#active.length; word++) {
      const active = this.#active[word] ?? 0;
      let optional = this.#optional[word] ?? 0;
      if (this.#hasConditions) {
        optional |=
          (wordBits[word] ?? 0) |
          (previous === undefined ? (conditions.start[word] ?? 0) : 0) |
          (next === undefined ? (conditions.end[word] ?? 0) : 0);
        optional >>>= 0;
      }
      const sum = ((active & optional) >>> 0) + optional + carry;
      carry = sum > 0xffff_ffff ? 1 : 0;
      this.#active[word] = active | (sum ^ optional);
    }
  }

  /** Moves all active tokens over one character. False if none is left. */
  #accept(code: number): boolean {
    const mask = this.#maskOf(code);
    let carry = 0;
    let isAlive = false;
    for (let word = 0; word < this.#active.length; word++) {
      const active = this.#active[word] ?? 0;
      const accepted = active & (mask[word] ?? 0);
      const inFolders = (this.#insideFolders[word] ?? 0) | (active & (this.#folders[word] ?? 0));
      const done = (accepted & (this.#single[word] ?? 0)) | (code === slash ? inFolders : 0);
      const next = (done << 1) | carry | (accepted & (this.#repeated[word] ?? 0));
      carry = done >>> 31;
      this.#active[word] = next;
      this.#insideFolders[word] = code === newline ? 0 : inFolders;
      isAlive ||= next !== 0 || (code !== newline && inFolders !== 0);
    }
    return isAlive;
  }

  #maskOf(code: number): Uint32Array {
    const known = this.#masks.get(code);
    if (known) {
      return known;
    }
    if (this.#masks.size >= maxKnownMasks) {
      this.#masks.clear();
    }
    const mask = bitsOf(this.#tokens, (token) => token.kind === 'characters' && accepts(token, code));
    this.#masks.set(code, mask);
    return mask;
  }
}

function bitsOf(tokens: readonly Token[], isMember: (token: Token) => boolean): Uint32Array {
  const bits = new Uint32Array((tokens.length >>> 5) + 1);
  for (const [index, token] of tokens.entries()) {
    if (isMember(token)) {
      bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
    }
  }
  return bits;
}

function accepts({ sets, isNegated }: Extract<Token, { kind: 'characters' }>, code: number): boolean {
  return sets.some((set) => contains(set, code)) !== isNegated;
}

function contains({ ranges, isNegated }: CharacterSet, code: number): boolean {
  return ranges.some(([first, last]) => first <= code && code <= last) !== isNegated;
}

/** The character of a token that matches only one. */
function literalOf(token: Token): string | undefined {
  if (token.kind !== 'characters' || token.repeats || token.isNegated || token.sets.length !== 1) {
    return undefined;
  }
  const [set] = token.sets;
  const [range] = set?.ranges ?? [];
  const isOne = set && !set.isNegated && set.ranges.length === 1 && range && range[0] === range[1];
  // half of a surrogate pair is part of another character in a path
  return isOne && !(range[0] >= 0xd800 && range[0] <= 0xdfff) ? String.fromCodePoint(range[0]) : undefined;
}

function isWordCharacter(code: number | undefined): boolean {
  return code !== undefined && /\w/.test(String.fromCodePoint(code));
}

/** A set from a text of pairs: the first and the last character of each range. */
function setOf(pairs: string, isNegated = false): CharacterSet {
  const ranges: [number, number][] = [];
  for (let at = 0; at < pairs.length; at += 2) {
    ranges.push([pairs.charCodeAt(at), pairs.charCodeAt(at + 1)]);
  }
  return { ranges, isNegated };
}

/** The named classes of Go's regular expressions, as in `[[:digit:]]`, as pairs of characters. */
const namedClasses = new Map([
  ['alnum', '09AZaz'],
  ['alpha', 'AZaz'],
  ['ascii', '\x00\x7f'],
  ['blank', '\t\t  '],
  ['cntrl', '\x00\x1f\x7f\x7f'],
  ['digit', '09'],
  ['graph', '!~'],
  ['lower', 'az'],
  ['print', ' ~'],
  ['punct', '!/:@[`{~'],
  ['space', '\t\r  '],
  ['upper', 'AZ'],
  ['word', '09AZaz__'],
  ['xdigit', '09AFaf'],
]);

/** The classes with a letter, as in `\d`. With a capital letter they contain all other characters. */
const letterClasses = new Map([
  ['d', '09'],
  ['s', '\t\n\f\r  '],
  ['w', '09AZaz__'],
]);

const controlEscapes = new Map([
  ['a', 0x07],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
]);

const conditionEscapes = new Map<string, Exclude<Token['kind'], 'characters' | 'folders'>>([
  ['b', 'boundary'],
  ['B', 'no-boundary'],
  ['A', 'start'],
  ['z', 'end'],
]);

/** Thrown inside the parser for an expression that Go would not compile. */
class ExpressionError extends Error {}

function parseExpression(expression: string): Token[] | undefined {
  try {
    return [...new ExpressionParser(expression).tokens()];
  } catch (error) {
    if (error instanceof ExpressionError) {
      return undefined;
    }
    throw error;
  }
}

class ExpressionParser {
  readonly #text: string;
  /** A `[:` after this place does not begin a named class. */
  readonly #lastNameEnd: number;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#lastNameEnd = text.lastIndexOf(':]');
  }

  *tokens(): Generator<Token> {
    while (this.#at < this.#text.length) {
      if (this.#skip('(.*/)?')) {
        yield { kind: 'folders' };
        continue;
      }
      const token = this.#token();
      if (token.kind === 'characters') {
        token.repeats = this.#skip('*');
      }
      yield token;
    }
  }

  #token(): Token {
    if (this.#skip('^')) {
      return { kind: 'start' };
    }
    if (this.#skip('.')) {
      return characters([setOf('\n\n')], true);
    }
    if (this.#skip('[')) {
      return this.#class();
    }
    if (!this.#skip('\\')) {
      const code = this.#codePoint();
      return characters([{ ranges: [[code, code]], isNegated: false }]);
    }
    const condition = conditionEscapes.get(this.#text[this.#at] ?? '');
    if (condition) {
      this.#at++;
      return { kind: condition };
    }
    return characters([this.#escapedSet()]);
  }

  /** What follows `[`. */
  #class(): Token {
    const isNegated = this.#skip('^');
    const sets: CharacterSet[] = [];
    while (!this.#skip(']')) {
      const named = this.#namedClass();
      if (named) {
        sets.push(named);
        continue;
      }
      if (this.#text[this.#at] === '\\' && letterClasses.has(this.#text[this.#at + 1]?.toLowerCase() ?? '')) {
        this.#at++;
        sets.push(this.#escapedSet());
        continue;
      }
      const first = this.#classCharacter();
      let last = first;
      if (this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']') {
        this.#at++;
        last = this.#classCharacter();
      }
      if (last < first || last > maxCodePoint) {
        throw new ExpressionError();
      }
      sets.push({ ranges: [[first, last]], isNegated: false });
    }
    return characters(sets, isNegated);
  }

  #namedClass(): CharacterSet | undefined {
    if (!this.#text.startsWith('[:', this.#at) || this.#at + 2 > this.#lastNameEnd) {
      return undefined;
    }
    const end = this.#text.indexOf(':]', this.#at + 2);
    const name = this.#text.slice(this.#at + 2, end);
    const pairs = namedClasses.get(name.replace(/^\^/, ''));
    if (pairs === undefined) {
      throw new ExpressionError();
    }
    this.#at = end + 2;
    return setOf(pairs, name.startsWith('^'));
  }

  #classCharacter(): number {
    return this.#skip('\\') ? this.#escapedCharacter() : this.#codePoint();
  }

  /** What follows `\`. */
  #escapedSet(): CharacterSet {
    const letter = this.#text[this.#at] ?? '';
    const pairs = letterClasses.get(letter.toLowerCase());
    if (pairs !== undefined) {
      this.#at++;
      return setOf(pairs, letter !== letter.toLowerCase());
    }
    const code = this.#escapedCharacter();
    return { ranges: [[code, code]], isNegated: false };
  }

  #escapedCharacter(): number {
    const code = this.#codePoint();
    const character = String.fromCodePoint(code);
    const control = controlEscapes.get(character);
    if (control === undefined && (code > 0x7f || /[0-9A-Za-z]/.test(character))) {
      throw new ExpressionError();
    }
    return control ?? code;
  }

  #codePoint(): number {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) {
      throw new ExpressionError();
    }
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #skip(text: string): boolean {
    const isNext = this.#text.startsWith(text, this.#at);
    this.#at += isNext ? text.length : 0;
    return isNext;
  }
}

function characters(sets: readonly CharacterSet[], isNegated = false): Extract<Token, { kind: 'characters' }> {
  return { kind: 'characters', sets, isNegated, repeats: false };
}
