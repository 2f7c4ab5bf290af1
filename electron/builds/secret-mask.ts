/** Hides the values of secrets in what build steps print. */

/** Shorter texts may be anything. In characters. */
const minLength = 4;
/** The same for what a text is encoded as: the start and the end of base64 depend on what is beside it. */
const minEncodedLength = 8;
/** More would be the lines of a large file that is secret only in part. */
const maxTexts = 20_000;

const mask = '***';

export class SecretMask {
  /** By their first characters, the longest first. */
  readonly #texts = new Map<string, string[]>();
  /** 1 at the hash of every two characters that a text begins with. */
  readonly #starts = new Uint8Array(65_536);
  /** The length of the longest text. */
  readonly longest: number;

  constructor(values: Iterable<Buffer>) {
    const texts = new Set<string>();
    for (const value of values) {
      for (const text of writtenForms(value)) {
        if (texts.size < maxTexts) {
          texts.add(text);
        }
      }
    }
    const sorted = [...texts].sort((one, other) => other.length - one.length);
    this.longest = sorted[0]?.length ?? 0;
    for (const text of sorted) {
      const start = text.slice(0, minLength);
      const same = this.#texts.get(start) ?? [];
      same.push(text);
      this.#texts.set(start, same);
      this.#starts[hashOf(text, 0)] = 1;
    }
  }

  /** The text with all values replaced. */
  hide(text: string): string {
    let result = '';
    let from = 0;
    for (let at = 0; at + minLength <= text.length; at++) {
      const candidates = this.#starts[hashOf(text, at)] && this.#texts.get(text.slice(at, at + minLength));
      const found = candidates ? candidates.find((each) => text.startsWith(each, at)) : undefined;
      if (found !== undefined) {
        result += text.slice(from, at) + mask;
        from = at + found.length;
        at = from - 1;
      }
    }
    return from === 0 ? text : result + text.slice(from);
  }
}

function hashOf(text: string, at: number): number {
  return (text.charCodeAt(at) * 251 + text.charCodeAt(at + 1)) & 0xffff;
}

/** A value as a whole and each of its lines, also as they are written in JSON, URLs, base64 and hex. */
function* writtenForms(value: Buffer): Generator<string> {
  const whole = value.toString('utf8').trim();
  const lines = whole.includes('\n') ? whole.split('\n').map((line) => line.trim()) : [];
  for (const text of [whole, ...lines]) {
    // what is not text is printed in other ways
    if (text.length >= minLength && !text.includes('\ufffd')) {
      yield* [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text)];
    }
    yield* encodedForms(Buffer.from(text, 'utf8'));
  }
  yield* encodedForms(value);
}

function* encodedForms(bytes: Buffer): Generator<string> {
  if (bytes.length < minEncodedLength) {
    return;
  }
  yield* [bytes.toString('hex'), bytes.toString('hex').toUpperCase(), bytes.toString('base64')];
  for (const before of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
    const whole = shifted.subarray(0, shifted.length - (shifted.length % 3));
    // the characters that are made of what is before and behind it are left out
    const start = Math.ceil((before * 4) / 3);
    for (const encoding of ['base64', 'base64url'] as const) {
      yield whole.toString(encoding).slice(start);
    }
    shifted.fill(0);
  }
}
