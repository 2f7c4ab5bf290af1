/** `--secret` and `--ssh` of a build. */
import { statSync } from 'node:fs';
import {
  type BuildSecret,
  type BuildSsh,
  parseSecret,
  parseSsh,
  secretsSchema,
  sshSource,
  sshSourcesSchema,
} from '../../../shared/build-secrets.ts';
import { descriptorOf } from '../text-input.ts';
import { invalidInput, pathParser } from './option-values.ts';

export interface SecretOptionContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. Relative paths on the command line start here. */
  readonly workingFolder: string;
}

/** Parses `--secret`, once or several times. @throws Failure `input.invalid` */
export function secretParser({ env, workingFolder }: SecretOptionContext) {
  const toPath = pathParser(workingFolder);
  return (text: string, previous?: unknown): BuildSecret[] => {
    const secret = parseSecret(text, (name) => env[name] !== undefined);
    const { source } = secret;
    const path = source.kind === 'file' && descriptorOf(source.path) === undefined ? toPath(source.path) : undefined;
    const found: BuildSecret = path === undefined ? secret : { ...secret, source: { kind: 'file', path } };
    return checked(secretsSchema, '--secret', [...secretsSchema.parse(previous ?? []), found]);
  };
}

/** Parses `--ssh`, once or several times. @throws Failure `input.invalid` */
export function sshParser({ workingFolder }: SecretOptionContext) {
  const toPath = pathParser(workingFolder);
  return (text: string, previous?: unknown): BuildSsh[] => {
    const { id, paths } = parseSsh(text);
    const found = sshSource({ id, paths: paths.map((path) => (isPipe(path) ? path : toPath(path))) }, isSocket);
    return checked(sshSourcesSchema, '--ssh', [...sshSourcesSchema.parse(previous ?? []), found]);
  };
}

function checked<T>(
  schema: {
    safeParse(value: unknown): { data?: T | undefined; error?: { issues: { message: string }[] } | undefined };
  },
  flag: string,
  value: unknown,
): T {
  const { data, error } = schema.safeParse(value);
  if (data === undefined) {
    throw invalidInput(`${flag}: ${error?.issues[0]?.message ?? 'it is not valid.'}`, 'Give each another id.');
  }
  return data;
}

/** A named pipe of Windows, at which its agents listen. */
function isPipe(path: string): boolean {
  return /^[\\/]{2}[.?][\\/]pipe[\\/]/i.test(path);
}

/** What is missing is reported when the build starts. */
function isSocket(path: string): boolean {
  return isPipe(path) || (statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false);
}
