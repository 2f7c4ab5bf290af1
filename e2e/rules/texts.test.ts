/** Collects every text that people see in one file, for readers and translators. `vitest --update` writes it again. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { localeProblems, readLocale } from '../../translation-plugin.ts';
import { catalogueOf, catalogueText } from '../translation/catalogue.ts';
import { codeLiteralsOf } from '../translation/code-literals.ts';
import { unusedEntries } from '../translation/machine-texts.ts';
import { messagesOf } from '../translation/messages.ts';
import { productionSources } from './source.ts';

const sources = productionSources();
const catalogue = catalogueOf(sources);

test('locales/en.json has every text of the program', async () => {
  await expect(catalogueText(catalogue)).toMatchFileSnapshot('../../locales/en.json');
});

test('translations have the values and elements of the English texts, and no text that is gone', () => {
  for (const name of readdirSync('locales').filter((each) => each.endsWith('.json') && each !== 'en.json')) {
    const locale = readLocale(`locales/${name}`);
    expect(localeProblems(locale)).toEqual([]);
    expect(Object.keys(locale.messages).filter((key) => !catalogue.has(key))).toEqual([]);
  }
});

/** Words of others that are also words of ours, and are never the same thing. */
const otherwise = new Set(['Files']);

test('no text that people see is also compared, a key or a name of a type', () => {
  const shown = new Map(
    sources.flatMap((source) =>
      messagesOf(source).flatMap(({ kind, forms: [form] }) =>
        kind === 'literal' && form.values.length === 0 && /^(?!\p{Lu}+$)\p{Lu}| /u.test(form.text)
          ? [[form.text, source.path] as const]
          : [],
      ),
    ),
  );
  const found = sources.flatMap((source) =>
    codeLiteralsOf(source).flatMap(({ text, line }) =>
      shown.has(text) && !otherwise.has(text) ? [`${source.path}:${line} "${text}", shown in ${shown.get(text)}`] : [],
    ),
  );
  expect(found).toEqual([]);
});

test('the same text for several counts has the same values', () => {
  const wrong = sources.flatMap((source) =>
    messagesOf(source).flatMap(({ start, forms: [one, other] }) => {
      const codes = (values: readonly { start: number; end: number }[]): string[] =>
        values.map((value) => source.text.slice(value.start, value.end));
      const [first, second] = [codes(one.values), codes(other?.values ?? one.values)];
      return first.every((code, index) => second[index] === code) ? [] : [`${source.path}:${source.lineAt(start)}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test('each file with texts for machines exists', () => {
  expect(unusedEntries(sources.map(({ path }) => path))).toEqual([]);
});
