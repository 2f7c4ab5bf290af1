/** The plugin that bundles the app in another language: `BARNRAISER_LOCALE=de npm run build`. See docs/translation.md. */
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Plugin } from 'vite';
import { isProductionSource, parseSource } from './e2e/rules/source.ts';
import {
  type Locale,
  localeSchema,
  readCatalogue,
  type Translation,
  translationProblem,
} from './e2e/translation/catalogue.ts';
import { translateSource } from './e2e/translation/translate.ts';

const root = import.meta.dirname;

/** The translation that the environment names: a language, whose file is in `locales/`, or the path of a file. Undefined: English. */
export function localeOfEnvironment(): Locale | undefined {
  const name = process.env.BARNRAISER_LOCALE ?? '';
  return name === '' || name === 'en' ? undefined : readLocale(name.endsWith('.json') ? name : `locales/${name}.json`);
}

/** @param path relative to the repository, or absolute */
export function readLocale(path: string): Locale {
  return localeSchema.parse(JSON.parse(readFileSync(resolve(root, path), 'utf8')));
}

/** What is wrong with translations, each with its text. */
export function localeProblems({ locale, messages }: Locale): string[] {
  const english = new Map(Object.entries(readCatalogue()));
  return Object.entries(messages).flatMap(([key, translation]) => {
    const entry = english.get(key);
    const text = entry?.other === undefined ? key : entry;
    const problem = entry && translationProblem(text, translation, locale);
    return problem === undefined ? [] : [`${JSON.stringify(key)} ${problem}: ${JSON.stringify(translation)}`];
  });
}

/** The texts of a file or a folder of problems that were collected from the sources, with names in braces. */
const messageFile = /\/shared\/problems\/messages\.json$/;

/** Replaces the texts of the sources by their translations. Without one, it only says that they are English. */
export function translation(locale: Locale | undefined): Plugin {
  const define = { BARNRAISER_LOCALE: JSON.stringify(locale?.locale ?? 'en') };
  if (!locale) {
    return { name: 'translation', config: () => ({ define }) };
  }
  const untranslated = new Set<string>();
  let translated = 0;
  const look = (key: string): Translation | undefined =>
    Object.hasOwn(locale.messages, key) ? locale.messages[key] : undefined;
  const find = (key: string): Translation | undefined => {
    const found = look(key);
    if (found === undefined) {
      untranslated.add(key);
    } else {
      translated += 1;
    }
    return found;
  };
  return {
    name: 'translation',
    enforce: 'pre',
    config: () => ({ define }),
    buildStart() {
      const problems = localeProblems(locale);
      if (problems.length > 0) {
        this.error(`The translation to ${locale.locale} is not valid:\n${problems.join('\n')}`);
      }
    },
    transform: {
      filter: { id: /\/(electron|renderer|shared)\/.*\.(tsx?|json)$/ },
      handler: (code, id) => {
        const path = relative(root, id).replaceAll('\\', '/');
        if (messageFile.test(id)) {
          return { code: translateNamed(code, look), map: null };
        }
        return isProductionSource(path)
          ? { code: translateSource(parseSource(path, code), find), map: null }
          : undefined;
      },
    },
    transformIndexHtml: (html) => html.replace('<html lang="en">', `<html lang="${locale.locale}">`),
    generateBundle() {
      console.log(`${locale.locale}: ${translated} texts translated, ${untranslated.size} left in English`);
    },
  };
}

/**
 * Translates the texts of a file of JSON, in which values have names: `{node}`. A text whose values are others of the catalogue is
 * found by what is between them.
 */
function translateNamed(code: string, find: (key: string) => Translation | undefined): string {
  const templates = Object.keys(readCatalogue())
    .map((key) => ({ key, pieces: key.split(/\{\d+\}/) }))
    .filter(({ pieces }) => pieces.length > 1 && pieces.join('').length > 12)
    .sort((one, other) => other.pieces.join('').length - one.pieces.join('').length)
    .map(({ key, pieces }) => ({ key, pattern: new RegExp(`^${pieces.map(escaped).join('(.+?)')}$`) }));
  const translate = (text: string): string => {
    const names = text.match(/\{[^{}]*\}/g) ?? [];
    let number = 0;
    const key = text.replace(/\{[^{}]*\}/g, () => `{${number++}}`);
    const template = templates.find((each) => each.key === key)
      ? undefined
      : templates.find(({ pattern }) => pattern.test(text));
    const values = template ? (template.pattern.exec(text) ?? []).slice(1).map(translate) : names;
    const found = find(template?.key ?? key);
    return typeof found === 'string' ? found.replace(/\{(\d+)\}/g, (_, index) => values[Number(index)] ?? '') : text;
  };
  return JSON.stringify(
    JSON.parse(code, (_, value: unknown) => (typeof value === 'string' ? translate(value) : value)),
  );
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
