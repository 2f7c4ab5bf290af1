/** The rows of secrets and SSH agents while they are edited. */
import { type BuildSecret, type BuildSsh, secretIdProblem } from '../../../../shared/build-secrets.ts';

export type SecretSource = BuildSecret['source']['kind'];
export type SshSource = BuildSsh['source']['kind'];
export type SourceKind = SecretSource | SshSource;

export interface SourceRow {
  readonly id: number;
  /** The id of the secret or the SSH agent. */
  readonly name: string;
  /** The path of a file, the name of a variable, the socket of an agent, or the paths of keys, separated by commas. */
  readonly value: string;
  /** Missing as long as none was chosen. */
  readonly source?: SourceKind;
}

/** The controls of the rows, in a group that has their label, flag and help. */
export interface SourceFieldsProps {
  readonly rows: readonly SourceRow[];
  /** The project folder. */
  readonly context: string;
  readonly onChange: (rows: readonly SourceRow[]) => void;
}

/** The source of a row where none was chosen. */
export const firstSource = { secrets: 'typed', ssh: 'agent' } as const satisfies Record<string, SourceKind>;
export type SourceOption = keyof typeof firstSource;

export function isSourceOption(kind: string): kind is SourceOption {
  return Object.hasOwn(firstSource, kind);
}

export function toSourceRows(sources: readonly (BuildSecret | BuildSsh)[] = []): SourceRow[] {
  return sources.map(({ id, source }, index) => ({
    id: index + 1,
    name: id,
    value: textOf(source),
    source: source.kind,
  }));
}

function textOf(source: BuildSecret['source'] | BuildSsh['source']): string {
  switch (source.kind) {
    case 'typed':
      return '';
    case 'env':
      return source.name;
    case 'file':
      return source.path;
    case 'agent':
      return source.socket ?? '';
    case 'keys':
      return source.paths.join(', ');
  }
}

/** What is wrong with a field of a row, as a sentence. Nothing is, if the row is blank. */
export function sourceErrors(
  kind: SourceOption,
  row: SourceRow,
  all: readonly SourceRow[],
): { readonly name?: string | undefined; readonly value?: string | undefined } {
  const source = row.source ?? firstSource[kind];
  const isBlank = row.name === '' && row.value === '' && source === firstSource[kind];
  if (isBlank) {
    return {};
  }
  const name = nameError(row, all);
  return name === undefined ? { value: valueError(source, row.value.trim()) } : { name };
}

function nameError({ id, name }: SourceRow, all: readonly SourceRow[]): string | undefined {
  if (name === '') {
    return 'Enter an id.';
  }
  return (
    secretIdProblem(name) ??
    (all.some((other) => other.id !== id && other.name === name) ? `${name} is listed twice.` : undefined)
  );
}

function valueError(source: SourceKind, value: string): string | undefined {
  switch (source) {
    case 'typed':
      return undefined;
    case 'env':
      return value.includes('=') ? 'The name of a variable has no equals sign.' : undefined;
    case 'file':
      return isAbsolute(value) ? undefined : 'Enter an absolute path.';
    case 'agent':
      return value === '' || isAbsolute(value) ? undefined : 'Enter an absolute path.';
    case 'keys': {
      const paths = pathsOf(value);
      return paths.length > 0 && paths.every(isAbsolute) ? undefined : 'Enter absolute paths.';
    }
  }
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[A-Za-z]:[/\\])/.test(path);
}

function pathsOf(text: string): string[] {
  return text
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
}

/** What a valid row stands for; undefined for a blank one. A variable is called like its secret if it is not named. */
export function sourceOf(kind: SourceOption, { name, value, source = firstSource[kind] }: SourceRow) {
  const text = value.trim();
  return name === '' ? undefined : { id: name, source: fieldsOf(source, text, name) };
}

function fieldsOf(kind: SourceKind, text: string, name: string): BuildSecret['source'] | BuildSsh['source'] {
  switch (kind) {
    case 'typed':
      return { kind };
    case 'env':
      return { kind, name: text || name };
    case 'file':
      return { kind, path: text };
    case 'agent':
      return { kind, ...(text === '' ? {} : { socket: text }) };
    case 'keys':
      return { kind, paths: pathsOf(text) };
  }
}
