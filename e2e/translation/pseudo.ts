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

const [file] = process.argv.slice(2);
if (import.meta.filename === process.argv[1] && file !== undefined) {
  writeFileSync(file, JSON.stringify(pseudoLocale(), null, 1));
}
