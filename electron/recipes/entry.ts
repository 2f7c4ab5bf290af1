/** Entries such as `type=registry,ref=example.com/cache` and `id=token,src=token.txt`, as CSV. */
import { invalidAt, type Location } from './located.ts';

/** @returns the values by their keys, in lower case; a text without `=` is the key of an empty value */
export function parseEntry(text: string, at: Location): Map<string, string> {
  const values = new Map<string, string>();
  let index = 0;
  while (index <= text.length) {
    let field = '';
    if (text[index] === '"') {
      const [content, end] = quoted(text, index, at);
      field = content;
      index = end;
    } else {
      const comma = text.indexOf(',', index);
      const end = comma < 0 ? text.length : comma;
      field = text.slice(index, end);
      index = end;
    }
    const equals = field.indexOf('=');
    values.set((equals < 0 ? field : field.slice(0, equals)).toLowerCase(), equals < 0 ? '' : field.slice(equals + 1));
    if (index < text.length && text[index] !== ',') {
      throw invalidAt(at, `"${text}" is not valid: a comma is missing.`);
    }
    index += 1;
  }
  return values;
}

/** A field in quotes, and where it ends. Two quotes are one. */
function quoted(text: string, start: number, at: Location): [string, number] {
  let content = '';
  let index = start + 1;
  for (;;) {
    const quote = text.indexOf('"', index);
    if (quote < 0) {
      throw invalidAt(at, `"${text}" is not valid: a quote is not closed.`);
    }
    content += text.slice(index, quote);
    if (text[quote + 1] !== '"') {
      return [content, quote + 1];
    }
    content += '"';
    index = quote + 2;
  }
}
