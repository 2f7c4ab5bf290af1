import type { Package } from '../../../shared/packages.ts';
import { fieldText, withoutMissing } from './package.ts';

/**
 * The packages of Alpine's database, `lib/apk/db/installed`: paragraphs of lines `LETTER:VALUE`.
 * Source: apk-package(5), apk v2's installed database.
 */
export function parseApkInstalled(text: string): Package[] {
  return text.split(/\n\n+/).flatMap((paragraph) => {
    const fields = new Map<string, string>();
    for (const line of paragraph.split('\n')) {
      const letter = line[0];
      // the files of a package follow, with letters of their own that repeat
      if (line[1] === ':' && letter !== undefined && !fields.has(letter)) {
        fields.set(letter, line.slice(2));
      }
    }
    const name = fieldText(fields.get('P'));
    if (name === undefined) {
      return [];
    }
    const origin = fieldText(fields.get('o'));
    return [
      withoutMissing({
        kind: 'apk' as const,
        name,
        version: fieldText(fields.get('V')),
        architecture: fieldText(fields.get('A')),
        licence: fieldText(fields.get('L'), 1000),
        source: origin === undefined || origin === name ? undefined : { name: origin },
        supplier: fieldText(fields.get('m')),
        homepage: fieldText(fields.get('U')),
      }),
    ];
  });
}
