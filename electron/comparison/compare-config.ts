import type { ComparedValue } from '../../shared/compare.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { parseConfig } from '../images/manifest.ts';
import { fieldOf, fieldsOf, objectOf, textOf } from '../system/lenient-json.ts';

/** Characters of a value that are shown. */
const maxValueLength = 1_000;

/** What differs between two configurations of images. Times do not count: those of two builds always differ. @throws Failure `image.corrupt` */
export function compareConfigs(a: Buffer, b: Buffer): ComparedValue[] {
  return compareValues(valuesOf(a), valuesOf(b));
}

/** The differences of two tables, by name. */
export function compareValues(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): ComparedValue[] {
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names
    .filter((name) => a.get(name) !== b.get(name))
    .map((name) => {
      const [before, after] = [a.get(name), b.get(name)];
      return { name, ...(before === undefined ? {} : { a: before }), ...(after === undefined ? {} : { b: after }) };
    });
}

/** What a configuration says of how containers are started, each value by its name. Source: OCI image-spec, "Image Configuration". */
function valuesOf(bytes: Buffer): Map<string, string> {
  const image = parseConfig(bytes);
  const config = objectOf(image, 'config');
  const values = new Map<string, string>();
  const add = (name: string, value: unknown): void => {
    const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
    if (text !== '' && text !== '[]' && text !== '{}') {
      values.set(sanitizeLine(name, 200), sanitizeLine(text, maxValueLength));
    }
  };
  for (const [name, field] of single) {
    add(name, fieldOf(config, field));
  }
  for (const variable of listOf(fieldOf(config, 'Env'))) {
    const equals = variable.indexOf('=');
    add(
      `env ${equals < 0 ? variable : variable.slice(0, equals)}`,
      equals < 0 ? '""' : variable.slice(equals + 1) || '""',
    );
  }
  for (const [name, field] of [
    ['port', 'ExposedPorts'],
    ['volume', 'Volumes'],
  ] as const) {
    for (const key of Object.keys(objectOf(config, field))) {
      add(`${name} ${key}`, 'yes');
    }
  }
  for (const [key, value] of Object.entries(objectOf(config, 'Labels'))) {
    add(`label ${key}`, typeof value === 'string' ? value || '""' : value);
  }
  for (const name of ['author', 'architecture', 'variant', 'os', 'os.version']) {
    add(name, textOf(fieldsOf(image), name));
  }
  return values;
}

const single = [
  ['entrypoint', 'Entrypoint'],
  ['cmd', 'Cmd'],
  ['working folder', 'WorkingDir'],
  ['user', 'User'],
  ['shell', 'Shell'],
  ['stop signal', 'StopSignal'],
  ['health check', 'Healthcheck'],
  ['on build', 'OnBuild'],
] as const;

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
