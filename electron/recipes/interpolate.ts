/** Variables in the texts of compose files, and files with variables. */

import type { Environment } from './bake-file.ts';
import { invalidAt, type Location } from './located.ts';

const maxLength = 1024 * 1024;
const maxDepth = 20;
const nameStart = /[A-Za-z_]/;
const namePart = /[A-Za-z0-9_]/;

/**
 * Replaces `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`, `${NAME?message}`, `${NAME:+other}` and
 * `${NAME+other}`. `$$` is a dollar sign. A variable that is not set is empty.
 * @throws Failure `recipe.invalid` with the line
 */
export function interpolate(text: string, environment: Environment, at: Location, depth = 0): string {
  if (depth > maxDepth) {
    throw invalidAt(at, 'Variables are nested too deep.');
  }
  let result = '';
  let index = 0;
  while (index < text.length) {
    const dollar = text.indexOf('$', index);
    if (dollar < 0) {
      break;
    }
    result += text.slice(index, dollar);
    const next = text[dollar + 1] ?? '';
    if (next === '$') {
      result += '$';
      index = dollar + 2;
    } else if (next === '{') {
      const end = closingBrace(text, dollar + 2);
      if (end < 0) {
        throw invalidAt(at, `"${text.slice(dollar, dollar + 40)}" has no closing brace.`);
      }
      result += substitution(text.slice(dollar + 2, end), environment, at, depth);
      index = end + 1;
    } else {
      const name = nameAt(text, dollar + 1);
      result += name === '' ? '$' : (environment(name) ?? '');
      index = dollar + 1 + name.length;
    }
    if (result.length > maxLength) {
      throw invalidAt(at, 'The text gets too long.');
    }
  }
  return result + text.slice(index);
}

function nameAt(text: string, start: number): string {
  let end = start;
  if (nameStart.test(text[end] ?? '')) {
    while (namePart.test(text[end] ?? '')) {
      end += 1;
    }
  }
  return text.slice(start, end);
}

/** The position of the brace that closes `${`, after those inside. */
function closingBrace(text: string, start: number): number {
  let depth = 1;
  for (let index = start; index < text.length; index += 1) {
    if (text[index] === '$' && text[index + 1] === '{') {
      depth += 1;
      index += 1;
    } else if (text[index] === '}') {
      depth -= 1;
      if (depth === 0) {
        return index;
      }
    }
  }
  return -1;
}

function substitution(inner: string, environment: Environment, at: Location, depth: number): string {
  const name = nameAt(inner, 0);
  const [, operator = '', rest = ''] = /^(:?[-?+])(.*)$/s.exec(inner.slice(name.length)) ?? [];
  if (name === '' || (operator === '' && inner.length > name.length)) {
    throw invalidAt(at, `"\${${inner.slice(0, 40)}}" is not a variable.`);
  }
  const value = environment(name);
  const isSet = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  const other = (): string => interpolate(rest, environment, at, depth + 1);
  switch (operator.at(-1)) {
    case '-':
      return isSet ? (value ?? '') : other();
    case '+':
      return isSet ? other() : '';
    case '?':
      if (!isSet) {
        throw invalidAt(at, `The variable ${name} is not set: ${other() || 'it is required'}.`, `Set ${name}.`);
      }
      return value ?? '';
    default:
      return value ?? '';
  }
}

/**
 * The variables of a `.env` file: `NAME=value` with or without quotes. Values without single quotes may refer to variables before
 * them and of the environment.
 */
export function parseEnvFile(text: string, file: string, environment: Environment): Map<string, string> {
  const values = new Map<string, string>();
  const known: Environment = (name) => environment(name) ?? values.get(name);
  text.split(/\r?\n/).forEach((line, index) => {
    const [, name, raw = ''] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*[=:]\s?(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      values.set(name, envValue(raw.trim(), known, { file, line: index + 1 }));
    }
  });
  return values;
}

function envValue(raw: string, environment: Environment, at: Location): string {
  const quote = raw[0];
  const end = quote === '"' || quote === "'" ? raw.indexOf(quote, 1) : -1;
  if (quote === "'" && end > 0) {
    return raw.slice(1, end);
  }
  if (quote === '"' && end > 0) {
    return interpolate(raw.slice(1, end).replaceAll('\\n', '\n'), environment, at);
  }
  const comment = raw.search(/\s#/);
  return interpolate(comment < 0 ? raw : raw.slice(0, comment).trimEnd(), environment, at);
}
