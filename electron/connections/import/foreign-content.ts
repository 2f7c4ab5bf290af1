/** Content of files that other tools have written: parsing it, and reading it entry by entry. */
import { parse, TomlError } from 'smol-toml';
import { describeJsonError } from '../../settings/json-error.ts';

/** The parsed content, or a sentence that says what is wrong with the text and where. */
export type ParseResult = { readonly content: unknown } | { readonly error: string };

export function parseJson(text: string): ParseResult {
  try {
    const content: unknown = JSON.parse(text);
    return { content };
  } catch (error) {
    return { error: `It is not valid JSON: ${withoutExcerpt(describeJsonError(text, error))}` };
  }
}

/** Removes V8's excerpt of the text around the error, because the file may contain secrets. */
function withoutExcerpt(sentence: string): string {
  return sentence.replace(/,? ?(?:\.\.\.)?".*" ?(?:\.\.\.)? ?is not valid JSON$/s, '').replace(/\.?$/, '.');
}

export function parseToml(text: string): ParseResult {
  try {
    // a value such as pids_limit may be an integer beyond 2^53
    return { content: parse(text, { integersAsBigInt: 'asNeeded' }) };
  } catch (error) {
    if (!(error instanceof TomlError)) {
      return { error: 'It is not valid TOML.' };
    }
    // only the first line of the message: the others quote the file
    const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    return { error: `It is not valid TOML: line ${error.line}, column ${error.column}: ${reason}.` };
  }
}

/**
 * The entries of an object, or none for any other value. Reading entry by entry lets a single wrong entry be skipped,
 * which a schema for the whole file would not. `__proto__` is a key like any other.
 */
export function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/** A field of an object. Keys match in any case, as in Go's JSON decoder, which podman and docker use. */
export function field(value: unknown, name: string): unknown {
  const entries = entriesOf(value);
  const exact = entries.find(([key]) => key === name);
  return (exact ?? entries.find(([key]) => key.toLowerCase() === name.toLowerCase()))?.[1];
}

/** A field that is a text; undefined if it is something else. */
export function textField(value: unknown, name: string): string | undefined {
  const text = field(value, name);
  return isText(text) ? text : undefined;
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

const maxQuotedLength = 64;

/** Quotes a text from a file for use in a sentence: on one line, and shortened. */
export function quoteForMessage(text: string): string {
  const line = text.slice(0, maxQuotedLength * 2).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
  const isLong = line.length > maxQuotedLength || text.length > maxQuotedLength * 2;
  return `"${isLong ? `${line.slice(0, maxQuotedLength)}…` : line}"`;
}
