import { fieldText } from './package.ts';

/** The fields of `os-release`. Source: os-release(5). */
export function parseOsRelease(text: string): Record<string, string> {
  const fields: [string, string][] = [];
  for (const line of text.split('\n').slice(0, 200)) {
    const [, name, double, single, bare] = /^([A-Z][A-Z0-9_]{0,63})=(?:"([^"]*)"|'([^']*)'|(\S*))\s*$/.exec(line) ?? [];
    const value = fieldText(double ?? single ?? bare);
    if (name !== undefined && value !== undefined) {
      fields.push([name, value]);
    }
  }
  return Object.fromEntries(fields);
}
