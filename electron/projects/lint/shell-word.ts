/** Replaces variables in a word of an instruction as BuildKit does, in time in proportion to its length. */

/** A variable of a stage. `undefined` is a value that is not known here. */
export type Variables = ReadonlyMap<string, string | undefined>;

export interface ExpandedWord {
  /** The word without quotes and escapes, with the values of its variables. Undefined if one of them is not known. */
  readonly text: string | undefined;
  readonly used: ReadonlySet<string>;
  /** Variables that have no value. They are replaced by nothing. */
  readonly undefined: ReadonlySet<string>;
}

/** A word that engines cannot read. */
export class SubstitutionError extends Error {
  /** The quote or brace that has no end. Undefined: engines differ in what they read. */
  readonly missing: string | undefined;

  constructor(missing?: string) {
    super();
    this.missing = missing;
  }
}

/** Deeper in each other, variables are not looked at. */
const maxDepth = 20;

const namePattern = /[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?\-$!]/y;

/**
 * @param escapeCharacter what quotes the next character @param keepsQuotes quotes are characters like others, as in here-documents
 * @throws SubstitutionError
 */
export function expandWord(
  word: string,
  variables: Variables,
  escapeCharacter: string,
  keepsQuotes = false,
): ExpandedWord {
  const expander = new Expander(word, variables, escapeCharacter, keepsQuotes);
  return { text: expander.readUntil(undefined, 0), used: expander.used, undefined: expander.undefined };
}

class Expander {
  readonly used = new Set<string>();
  readonly undefined = new Set<string>();
  readonly #word: string;
  readonly #variables: Variables;
  readonly #escape: string;
  readonly #keepsQuotes: boolean;
  #at = 0;

  constructor(word: string, variables: Variables, escapeCharacter: string, keepsQuotes: boolean) {
    this.#word = word;
    this.#variables = variables;
    this.#escape = escapeCharacter;
    this.#keepsQuotes = keepsQuotes;
  }

  /** @param end the character to stop behind. Undefined: the end of the word @param depth of variables in variables */
  readUntil(end: string | undefined, depth: number): string | undefined {
    const parts: (string | undefined)[] = [];
    for (let character = this.#word[this.#at]; character !== undefined; character = this.#word[this.#at]) {
      if (character === end) {
        this.#at++;
        return joined(parts);
      }
      if (character === '$') {
        parts.push(this.#variable(depth));
      } else if (!this.#keepsQuotes && character === "'") {
        parts.push(this.#singleQuoted());
      } else if (!this.#keepsQuotes && character === '"') {
        this.#doubleQuoted(parts, depth);
      } else if (character === this.#escape) {
        parts.push(this.#word[this.#at + 1] ?? '');
        this.#at += 2;
      } else {
        parts.push(character);
        this.#at++;
      }
    }
    if (end !== undefined) {
      throw new SubstitutionError(end);
    }
    return joined(parts);
  }

  #singleQuoted(): string {
    const end = this.#word.indexOf("'", this.#at + 1);
    if (end < 0) {
      throw new SubstitutionError("'");
    }
    const text = this.#word.slice(this.#at + 1, end);
    this.#at = end + 1;
    return text;
  }

  #doubleQuoted(parts: (string | undefined)[], depth: number): void {
    this.#at++;
    for (let character = this.#word[this.#at]; character !== '"'; character = this.#word[this.#at]) {
      if (character === undefined) {
        throw new SubstitutionError('"');
      }
      if (character === '$') {
        parts.push(this.#variable(depth));
        continue;
      }
      const next = this.#word[this.#at + 1];
      const isEscaped = character === this.#escape && (next === '"' || next === '$' || next === this.#escape);
      parts.push(isEscaped ? next : character);
      this.#at += isEscaped ? 2 : 1;
    }
    this.#at++;
  }

  #variable(depth: number): string | undefined {
    this.#at++;
    if (this.#word[this.#at] !== '{') {
      const name = this.#name();
      return name === '' ? '$' : this.#valueOf(name).value;
    }
    this.#at++;
    const name = this.#name();
    const { value, isSet } = this.#valueOf(name, name === '');
    const operator = this.#operator();
    if (name === '' || operator === undefined || depth > maxDepth) {
      throw new SubstitutionError(this.#word[this.#at] === undefined ? '}' : undefined);
    }
    if (operator === '}') {
      return value;
    }
    if (operator === '/') {
      // patterns are left to the engines
      this.readUntil('/', depth + 1);
      this.readUntil('}', depth + 1);
      return isSet ? undefined : '';
    }
    const word = this.readUntil('}', depth + 1);
    const isThere = operator.startsWith(':') ? (value === undefined ? isSet : value !== '') && isSet : isSet;
    // whether an unknown value is empty decides
    const isUnclear = isSet && value === undefined && operator.startsWith(':');
    switch (operator.at(-1)) {
      case '-':
        return isUnclear ? undefined : isThere ? value : word;
      case '+':
        return isUnclear ? undefined : isThere ? word : '';
      case '?':
        // without a value, engines end the build with the message in the word
        return isThere ? value : undefined;
      default:
        return isSet ? undefined : '';
    }
  }

  /** The name at the current position. Empty if there is none. */
  #name(): string {
    namePattern.lastIndex = this.#at;
    const name = namePattern.exec(this.#word)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #operator(): string | undefined {
    const [operator] = /^(?:\}|:?[-+?]|[#%/])/.exec(this.#word.slice(this.#at, this.#at + 2)) ?? [];
    this.#at += operator?.length ?? 0;
    // `//` replaces all that matches
    this.#at += operator === '/' && this.#word[this.#at] === '/' ? 1 : 0;
    return operator;
  }

  #valueOf(name: string, isIgnored = false): { value: string | undefined; isSet: boolean } {
    const isSet = this.#variables.has(name);
    if (!isIgnored) {
      (isSet ? this.used : this.undefined).add(name);
    }
    return { value: isSet ? this.#variables.get(name) : '', isSet };
  }
}

function joined(parts: readonly (string | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : parts.join('');
}
