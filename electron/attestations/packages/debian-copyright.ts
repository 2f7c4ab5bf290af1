/** The licences of Debian's packages, from `/usr/share/doc/PACKAGE/copyright` where it is machine-readable. Source: Debian's copyright-format 1.0. */
import { fieldText } from './package.ts';

const formatPattern = /^Format(?:-Specification)?:.*(?:copyright-format\/1\.0|dep-?5)/im;
/** The short names of Debian that SPDX calls otherwise, in lower case. */
const spdxNames: Readonly<Record<string, string>> = {
  'apache-2': 'Apache-2.0',
  'apache-2.0': 'Apache-2.0',
  artistic: 'Artistic-1.0-Perl',
  'artistic-2.0': 'Artistic-2.0',
  'bsd-1-clause': 'BSD-1-Clause',
  'bsd-2-clause': 'BSD-2-Clause',
  'bsd-3-clause': 'BSD-3-Clause',
  'bsd-4-clause': 'BSD-4-Clause',
  'bsl-1.0': 'BSL-1.0',
  cc0: 'CC0-1.0',
  'cc0-1.0': 'CC0-1.0',
  curl: 'curl',
  expat: 'MIT',
  fsfap: 'FSFAP',
  fsfullr: 'FSFULLR',
  isc: 'ISC',
  mit: 'MIT',
  'mit/x11': 'MIT',
  'mpl-1.1': 'MPL-1.1',
  'mpl-2.0': 'MPL-2.0',
  'python-2.0': 'Python-2.0',
  unlicense: 'Unlicense',
  x11: 'X11',
  zlib: 'Zlib',
};
const gnuPattern = /^(a?gpl|lgpl|gfdl)-(\d)(?:\.(\d))?(?:\.0)?(\+?)$/;
const maxLicences = 100;

/** What a copyright file says: an SPDX expression if SPDX has all of its licences, else their names. Undefined if it is for people only. */
export function parseCopyright(text: string): string | undefined {
  const paragraphs = text.split(/\n[ \t]*\n/);
  if (!formatPattern.test(paragraphs[0] ?? '')) {
    return undefined;
  }
  const names = new Set<string>();
  for (const [index, paragraph] of paragraphs.entries()) {
    // paragraphs of their own only have the text of a licence
    if (index > 0 && !/^Files:/im.test(paragraph)) {
      continue;
    }
    const name = fieldText(/^License:[ \t]*(.*)$/im.exec(paragraph)?.[1], 200);
    if (name !== undefined && names.size < maxLicences) {
      names.add(name);
    }
  }
  const all = [...names];
  if (all.length === 0) {
    return undefined;
  }
  const expressions = all.map(toExpression);
  const known = expressions.filter((each) => each !== undefined);
  return known.length === all.length
    ? [...new Set(known)].map((each) => (known.length > 1 && / OR /.test(each) ? `(${each})` : each)).join(' AND ')
    : all.join(', ');
}

/** `GPL-2+ or Expat` → `GPL-2.0-or-later OR MIT`. Undefined for what SPDX does not have, and for both words together. */
function toExpression(text: string): string | undefined {
  const words = text.split(/\s+/);
  const operators = new Set(words.map((word) => word.toLowerCase()).filter((word) => word === 'and' || word === 'or'));
  const [operator = 'and', ...others] = operators;
  const names = text.split(/,?\s+(?:and|or)\s+/i).map(spdxName);
  return others.length > 0 || names.some((name) => name === undefined)
    ? undefined
    : names.join(` ${operator.toUpperCase()} `);
}

function spdxName(text: string): string | undefined {
  const name = text.toLowerCase();
  const [, family, major, minor = '0', plus] = gnuPattern.exec(name) ?? [];
  return family === undefined
    ? Object.hasOwn(spdxNames, name)
      ? spdxNames[name]
      : undefined
    : `${family.toUpperCase()}-${major}.${minor}-${plus ? 'or-later' : 'only'}`;
}
