import type { Package } from '../../../shared/packages.ts';
import { fieldText, withoutMissing } from './package.ts';

/**
 * The packages of a database of dpkg that are installed: `/var/lib/dpkg/status`, or a file of `status.d`, where images without dpkg have
 * one for each package, often without a state.
 * Source: dpkg(1), deb-control(5).
 */
export function parseDpkgStatus(text: string): Package[] {
  return text.split(/\n[ \t]*\n/).flatMap((paragraph) => {
    const fields = parseControl(paragraph);
    const name = fieldText(fields.get('package'));
    const state = fields.get('status')?.trim().split(/\s+/).at(-1);
    // what is only configured or half removed has no files or not all of them, as dpkg-query shows it, too
    if (name === undefined || (state !== undefined && state !== 'installed' && !state.startsWith('triggers-'))) {
      return [];
    }
    const version = fieldText(fields.get('version'));
    return [
      withoutMissing({
        kind: 'deb' as const,
        name,
        version,
        architecture: fieldText(fields.get('architecture')),
        source: sourceOf(fields.get('source'), name, version),
        supplier: fieldText(fields.get('maintainer')),
        homepage: fieldText(fields.get('homepage')),
      }),
    ];
  });
}

/** `NAME` or `NAME (VERSION)`, if they are not those of the package. */
function sourceOf(field: string | undefined, name: string, version: string | undefined): Package['source'] {
  const [, source, sourceVersion] = /^\s*(\S+)(?:\s+\((\S+)\))?\s*$/.exec(field ?? '') ?? [];
  const sourceName = fieldText(source) ?? name;
  const own = fieldText(sourceVersion) ?? version;
  return sourceName === name && own === version ? undefined : withoutMissing({ name: sourceName, version: own });
}

/** The fields of a paragraph by their names in lower case. Of a field with several lines, only the first is kept. */
function parseControl(paragraph: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of paragraph.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !/^\s/.test(line)) {
      fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1));
    }
  }
  return fields;
}
