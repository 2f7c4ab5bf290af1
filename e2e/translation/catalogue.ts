/** The texts of the program in a file, `locales/en.json`, and their translations beside it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { SourceFile } from '../rules/source.ts';
import { type Form, keyOf, type Message, messagesOf } from './messages.ts';

/** The categories of CLDR by which languages choose the form of a text for a count. */
export const pluralCategories = ['zero', 'one', 'two', 'few', 'many', 'other'] as const;

const formsSchema = z.partialRecord(z.enum(pluralCategories), z.string());
export type Forms = z.infer<typeof formsSchema>;

/** A translation, or its forms by the category of the count. */
export type Translation = string | Forms;

export const localeSchema = z.strictObject({
  /** As in BCP 47, for plurals, numbers and dates. */
  locale: z.string().refine((name) => Intl.getCanonicalLocales(name).length === 1),
  /** By the English text. */
  messages: z.record(z.string(), z.union([z.string(), formsSchema])),
});
export type Locale = z.infer<typeof localeSchema>;

/** A text of the sources, for translators. */
export interface CatalogueEntry extends Forms {
  /** The expressions that stand for `{0}`, `{1}` and so on. */
  readonly values?: readonly string[];
  readonly files: readonly string[];
}

const maxExpression = 60;

/** Every text of the sources by its key, in the order in which they are in the sources. */
export function catalogueOf(sources: readonly SourceFile[]): ReadonlyMap<string, CatalogueEntry> {
  const entries = new Map<string, CatalogueEntry>();
  for (const source of sources) {
    for (const message of messagesOf(source)) {
      const key = keyOf(message);
      const known = entries.get(key);
      if (!known) {
        entries.set(key, { ...formsOf(message), ...valuesOf(message, source.text), files: [source.path] });
      } else if (!known.files.includes(source.path)) {
        entries.set(key, { ...known, files: [...known.files, source.path] });
      }
    }
  }
  return entries;
}

function formsOf({ forms: [one, other] }: Message): Forms {
  return other ? { one: one.text, other: other.text } : {};
}

function valuesOf(message: Message, code: string): Pick<CatalogueEntry, 'values'> {
  const values = mainForm(message).values.map(({ start, end }) => {
    const text = code
      .slice(start, end)
      .replace(/\s+/g, ' ')
      .replace(/^\{(.*)\}$/, '$1');
    return text.length > maxExpression ? `${text.slice(0, maxExpression)}…` : text;
  });
  return values.length === 0 ? {} : { values };
}

/** The form whose values a translation uses: the one for many. */
export const mainForm = ({ forms: [one, other] }: Message): Form => other ?? one;

/** The texts of `locales/en.json`. */
export function readCatalogue(): Readonly<Record<string, CatalogueEntry>> {
  const { messages } = JSON.parse(readFileSync(resolve('locales/en.json'), 'utf8')) as {
    readonly messages: Readonly<Record<string, CatalogueEntry>>;
  };
  return messages;
}

/** The file of a catalogue: a text in each line. */
export function catalogueText(entries: ReadonlyMap<string, CatalogueEntry>): string {
  const lines = [...entries].map(([key, entry]) => `${JSON.stringify(key)}: ${JSON.stringify(entry)}`);
  return `{\n"locale": "en",\n"messages": {\n${lines.join(',\n')}\n}\n}\n`;
}

const tokens = /\{(\d+)\}|<(\/?)(\d+)>/g;

/**
 * What is wrong with a translation. Undefined if nothing is: it has each value and element of the English text once, and its elements
 * are nested. The form of a single count may leave out what the English one does, and the count.
 * @param english the forms of the text, or the text itself
 */
export function translationProblem(
  english: string | Forms,
  translation: Translation,
  locale: string,
): string | undefined {
  if (typeof english !== typeof translation) {
    return typeof english === 'string' ? 'has one form' : 'needs a form for each plural category';
  }
  const forms = typeof translation === 'string' ? { other: translation } : translation;
  const expected =
    typeof english === 'string' ? ['other' as const] : new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
  const lacking = expected.filter((category) => forms[category] === undefined);
  if (lacking.length > 0) {
    return `lacks the form "${lacking.join('", "')}"`;
  }
  const { one, other = '' } = typeof english === 'string' ? { other: english } : english;
  const known = tokensOf(other);
  for (const [category, text] of Object.entries(forms)) {
    const found = tokensOf(text);
    const required =
      category === 'other' || one === undefined ? known : tokensOf(one).filter((token) => token !== '{0}');
    const wrong = [
      ...required.filter((token) => !found.includes(token)).map((token) => `lacks ${token}`),
      ...found.filter((token) => !known.includes(token)).map((token) => `has ${token}, which the English text has not`),
      ...found
        .filter((token, index) => token.includes('<') && found.indexOf(token) !== index)
        .map((token) => `has ${token} more than once`),
      ...(isNested(text) ? [] : ['has elements that are not nested']),
    ];
    if (wrong.length > 0) {
      return wrong.join(', ');
    }
  }
  return undefined;
}

const tokensOf = (text: string): string[] => [...text.matchAll(tokens)].map(([token]) => token);

function isNested(text: string): boolean {
  const open: string[] = [];
  for (const [, value, slash, element = ''] of text.matchAll(tokens)) {
    if (value === undefined && (slash === '' ? open.push(element) < 0 : open.pop() !== element)) {
      return false;
    }
  }
  return open.length === 0;
}

/** The parts of a text: what is said, and the numbers of values and elements. */
export function* partsOf(
  text: string,
): Generator<
  { readonly text: string } | { readonly value: number } | { readonly open: number } | { readonly close: number }
> {
  let at = 0;
  for (const match of text.matchAll(tokens)) {
    const [token, value, slash, element] = match;
    if (match.index > at) {
      yield { text: text.slice(at, match.index) };
    }
    at = match.index + token.length;
    yield value !== undefined
      ? { value: Number(value) }
      : slash === ''
        ? { open: Number(element) }
        : { close: Number(element) };
  }
  if (at < text.length) {
    yield { text: text.slice(at) };
  }
}
