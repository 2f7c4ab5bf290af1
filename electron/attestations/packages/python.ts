import type { Package } from '../../../shared/packages.ts';
import { fieldText, withoutMissing } from './package.ts';

/** What classifiers say of licences where nothing else does. */
const classifiers: Readonly<Record<string, string>> = {
  'Apache Software License': 'Apache-2.0',
  'BSD License': 'BSD-3-Clause',
  'ISC License (ISCL)': 'ISC',
  'MIT License': 'MIT',
  'Mozilla Public License 2.0 (MPL 2.0)': 'MPL-2.0',
  'Python Software Foundation License': 'PSF-2.0',
  'The Unlicense (Unlicense)': 'Unlicense',
};

/**
 * The package of a `METADATA` file (of a wheel) or a `PKG-INFO` file (of an egg): headers like those of mail, then a description.
 * Source: Python's core metadata specification.
 */
export function parsePythonMetadata(text: string): Package[] {
  const headers = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    if (line === '') {
      break;
    }
    const [, name, value = ''] = /^([A-Za-z][\w-]*):\s?(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      const values = headers.get(name.toLowerCase());
      if (values) {
        values.push(value);
      } else {
        headers.set(name.toLowerCase(), [value]);
      }
    }
  }
  const first = (name: string): string | undefined => fieldText(headers.get(name)?.[0], 1000);
  const name = first('name');
  if (name === undefined) {
    return [];
  }
  const classified = (headers.get('classifier') ?? [])
    .filter((classifier) => classifier.startsWith('License ::'))
    .flatMap((classifier) => classifiers[classifier.split(' :: ').at(-1) ?? ''] ?? []);
  return [
    withoutMissing({
      kind: 'pypi' as const,
      name,
      version: first('version'),
      licence: first('license-expression') ?? shortLicence(first('license')) ?? fieldText(classified.join(' OR ')),
      supplier: first('author') ?? first('author-email'),
      homepage: first('home-page'),
    }),
  ];
}

/** Some packages have the text of their licence there. */
function shortLicence(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= 100 && !/^(UNKNOWN|.*copyright .*)$/i.test(text) ? text : undefined;
}
