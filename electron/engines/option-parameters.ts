/** How builders are asked for options: what the table says. */
import {
  type Builder,
  isChanged,
  type RequestOptionName,
  requestOptionNames,
  supportOf,
} from '../../shared/build-options.ts';

/**
 * The parameters of a build for those options that have one and are not as by default, in the order of the table.
 * @returns names and values; a name may come more than once
 */
export function optionParameters(
  builder: Builder,
  values: Readonly<Partial<Record<RequestOptionName, unknown>>>,
): [string, string][] {
  return requestOptionNames.flatMap((name) => {
    const support = supportOf(name, builder);
    const value = values[name];
    return 'key' in support && isChanged(name, value) ? write(support, value) : [];
  });
}

function write({ key, form }: { key: string; form: string }, value: unknown): [string, string][] {
  const items = Array.isArray(value) ? value.map(String) : [];
  switch (form) {
    case 'flag':
      return [[key, value ? '1' : '0']];
    case 'json':
      return [[key, JSON.stringify(value)]];
    case 'comma':
      return [[key, items.join(',')]];
    case 'prefix':
      return Object.entries(value ?? {}).map(([name, each]) => [`${key}:${name}`, String(each)]);
    default:
      return [[key, String(value)]];
  }
}
