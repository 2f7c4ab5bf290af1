/**
 * A translation that shows what is not translated, and what has no room for longer texts: each text in brackets, with accents and a
 * third longer. `npx tsx e2e/translation/pseudo.ts FILE` writes it, for `BARNRAISER_LOCALE=FILE npm run build`.
 */
import { writeFileSync } from 'node:fs';
import { type Locale, partsOf, pluralCategories, readCatalogue } from './catalogue.ts';

const accents: Readonly<Record<string, string>> = {
  a: 'á',
  e: 'ë',
  i: 'ï',
  o: 'ö',
  u: 'ü',
  y: 'ÿ',
  A: 'Á',
  E: 'Ë',
  O: 'Ö',
};

/** The texts of the catalogue in the pseudo-language. */
export function pseudoLocale(): Locale {
  return {
    // accented English: its rules are those of English
    locale: 'en-XA',
    messages: Object.fromEntries(
      Object.entries(readCatalogue()).map(([key, entry]) => {
        const forms = pluralCategories.flatMap((category) => {
          const text = entry[category];
          return text === undefined ? [] : [[category, pseudoText(text)] as const];
        });
        return [key, forms.length === 0 ? pseudoText(key) : Object.fromEntries(forms)];
      }),
    ),
  };
}

/** A text in the pseudo-language. */
export function pseudoText(text: string): string {
  const accented = [...partsOf(text)].map((part) =>
    'text' in part
      ? part.text.replace(/[a-zA-Z]/g, (letter) => accents[letter] ?? letter)
      : 'value' in part
        ? `{${part.value}}`
        : 'open' in part
          ? `<${part.open}>`
          : `</${part.close}>`,
  );
  return `⟦${accented.join('')}${'~'.repeat(Math.ceil(text.length * 0.3))}⟧`;
}

/** A form of a text of the program, and what it is in the pseudo-language, with the numbers of values as in the catalogue. */
interface PseudoForm {
  readonly english: RegExp;
  readonly values: readonly number[];
  readonly pseudo: string;
  /** How much of it is not in values. */
  readonly fixedLength: number;
}

/**
 * Finds what the pseudo-language may show instead of what the English program shows: the text that it comes from, of several the one
 * of which most is there, or two that follow each other. What has no such origin is data, such as a name, and stays. The most
 * probable comes first.
 */
export function pseudoLookup(): (shown: string) => readonly string[] {
  const catalogue = readCatalogue();
  const isWhole = (text: string): boolean => Object.hasOwn(catalogue, text);
  const forms = Object.entries(catalogue)
    .flatMap(([key, entry]) => {
      const texts = pluralCategories.flatMap((category) => entry[category] ?? []);
      return (texts.length === 0 ? [key] : texts).map(pseudoForm);
    })
    .filter(({ fixedLength }) => fixedLength > 1)
    .sort((one, other) => other.fixedLength - one.fixedLength);
  const single = (shown: string): string | undefined => {
    for (const { english, values, pseudo } of forms) {
      const found = english.exec(shown);
      if (found) {
        return pseudo.replace(/\{(\d+)\}/g, (_, value) => {
          const text = found[values.indexOf(Number(value)) + 1] ?? '';
          const capital = text.charAt(0).toUpperCase() + text.slice(1);
          return isWhole(text) ? pseudoText(text) : isWhole(capital) ? pseudoText(capital).toLowerCase() : text;
        });
      }
    }
    return undefined;
  };
  return (shown) => {
    const pairs = [...shown.matchAll(/ /g)].flatMap(({ index }) => {
      const [first, second] = [shown.slice(0, index), shown.slice(index + 1)];
      const rest = isWhole(first) ? single(second) : undefined;
      return rest === undefined ? [] : [`${pseudoText(first)} ${rest}`];
    });
    const whole = single(shown) ?? [];
    return isWhole(shown) ? [pseudoText(shown), shown] : [...pairs, whole, shown].flat();
  };
}

function pseudoForm(text: string): PseudoForm {
  const values: number[] = [];
  let source = '';
  let fixedLength = 0;
  for (const part of partsOf(text)) {
    if ('text' in part) {
      source += part.text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
      fixedLength += part.text.length;
    } else if ('value' in part) {
      source += '(.+)';
      values.push(part.value);
    }
  }
  const pseudo = pseudoText(text).replace(/<\/?\d+>/g, '');
  return { english: new RegExp(`^${source}$`), values, pseudo, fixedLength };
}

const [file] = process.argv.slice(2);
if (import.meta.filename === process.argv[1] && file !== undefined) {
  writeFileSync(file, JSON.stringify(pseudoLocale(), null, 1));
}
