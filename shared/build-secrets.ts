/**
 * The secrets and SSH agents of a build, as far as they are kept with it: where their values come from, never the values. The
 * options are written as docker buildx and podman read them.
 */
import { z } from 'zod';
import { type Failure, fail } from './failure.ts';

/** The limit of BuildKit. In bytes. */
export const maxSecretBytes = 500 * 1024;
/** More than a Containerfile names. */
const maxSources = 100;

/** The id of `--ssh` without one, and of `RUN --mount=type=ssh` without one. */
export const defaultSshId = 'default';

/** What a Containerfile can name in `--mount`, without what would lead out of a folder: podman makes a file of this name. */
const secretIdPattern = /^(?!.*(?:^|\/)\.{0,2}(?:\/|$))[\w.:@/+-]+$/;
const maxIdLength = 200;
const idProblems = {
  length: 'The id is longer than 200 characters.',
  characters: 'The id has a character that it cannot have. Use letters, digits, and . _ - : @ + or / between names.',
};

export const secretIdSchema = z
  .string()
  .max(maxIdLength, idProblems.length)
  .regex(secretIdPattern, idProblems.characters);

/** Why an id is not valid. */
export function secretIdProblem(id: string): string | undefined {
  return id.length > maxIdLength ? idProblems.length : secretIdPattern.test(id) ? undefined : idProblems.characters;
}

const pathSchema = z.string().min(1).max(4096);

/** The name of a variable of the environment. */
const variableSchema = z.string().regex(/^[^=\0]+$/, 'The name of the variable is empty.');

export const secretSchema = z.object({
  /** As in `RUN --mount=type=secret,id=ID`. */
  id: secretIdSchema,
  source: z.discriminatedUnion('kind', [
    /** A file of this computer, absolute. */
    z.object({ kind: z.literal('file'), path: pathSchema }),
    /** A variable in the environment of who starts the build. */
    z.object({ kind: z.literal('env'), name: variableSchema }),
    /** A person types the value for each build. */
    z.object({ kind: z.literal('typed') }),
  ]),
});
export type BuildSecret = Readonly<z.infer<typeof secretSchema>>;

export const sshSchema = z.object({
  /** As in `RUN --mount=type=ssh,id=ID`. */
  id: secretIdSchema,
  source: z.discriminatedUnion('kind', [
    /** The SSH agent at a socket of this computer. Without one, that of who starts the build. */
    z.object({ kind: z.literal('agent'), socket: pathSchema.optional() }),
    /** Key files of this computer, absolute. The build can sign with them, but does not get them. */
    z.object({ kind: z.literal('keys'), paths: z.array(pathSchema).min(1).max(maxSources) }),
  ]),
});
export type BuildSsh = Readonly<z.infer<typeof sshSchema>>;

export const secretsSchema = distinct(secretSchema, 'secret');
export const sshSourcesSchema = distinct(sshSchema, 'SSH agent');

/** Values of secrets by their ids. They travel beside a request and are not kept. */
export const secretValuesSchema = z.record(
  secretIdSchema,
  z.string().max(maxSecretBytes, 'The value of a secret is larger than 500 KiB.'),
);
export type SecretValues = Readonly<z.infer<typeof secretValuesSchema>>;

/** What a build needs beside its request, from who starts it. Nothing of it is kept. */
export const secretInputsShape = {
  /** Of the secrets that come from the environment or are typed. Variables without a value here are those of the app. */
  secretValues: secretValuesSchema.optional(),
  /** The socket of the SSH agent of who starts the build. Without it: that of the app. */
  agentSocket: pathSchema.optional(),
};

export type SecretInputs = Readonly<z.infer<z.ZodObject<typeof secretInputsShape>>>;

function distinct<T extends z.ZodType<{ readonly id: string }>>(schema: T, noun: string) {
  return z
    .array(schema)
    .max(maxSources)
    .superRefine((all, context) => {
      const ids = all.map(({ id }) => id);
      const twice = ids.find((id, index) => ids.indexOf(id) !== index);
      if (twice !== undefined) {
        context.addIssue({ code: 'custom', message: `There are two of the ${noun} ${twice}.` });
      }
    });
}

const secretExample = 'Use id=NAME,src=FILE, id=NAME,env=VARIABLE, or id=NAME,type=prompt to type it.';

/**
 * `id=ID[,src=FILE|,env=NAME][,type=file|env|prompt]`, in any order, as CSV. Without a source, it is the variable ID if there is
 * one, else the file ID. Paths stay as they are written.
 * @throws Failure `input.invalid`
 */
export function parseSecret(text: string, hasVariable: (name: string) => boolean): BuildSecret {
  const fields = fieldsOf(text);
  const bad = (message: string): Failure => fail('input.invalid', `--secret ${text}: ${message}`, secretExample);
  if (!fields) {
    throw bad('its quotes are not closed.');
  }
  const found: Partial<Record<'id' | 'type' | 'src' | 'env', string>> = {};
  for (const field of fields) {
    const equals = field.indexOf('=');
    const key = field.slice(0, Math.max(0, equals)).toLowerCase();
    const name = key === 'source' ? 'src' : key;
    if (equals < 0 || (name !== 'id' && name !== 'type' && name !== 'src' && name !== 'env')) {
      throw bad(`"${field}" is none of its fields.`);
    }
    if (found[name] !== undefined) {
      throw bad(`it has ${name} twice.`);
    }
    found[name] = field.slice(equals + 1);
  }
  const { id = '', type, src, env } = found;
  const checked = secretIdSchema.safeParse(id);
  if (!checked.success) {
    throw bad(id === '' ? 'it has no id.' : (checked.error.issues[0]?.message ?? ''));
  }
  if (src === '' || env === '') {
    throw bad(`its ${src === '' ? 'src' : 'env'} is empty.`);
  }
  const sources = [src, type === 'env' ? undefined : env].filter((source) => source !== undefined);
  switch (type) {
    case 'prompt':
      if (sources.length > 0) {
        throw bad('a secret that is typed has no other source.');
      }
      return { id, source: { kind: 'typed' } };
    case 'env':
      if (src !== undefined && env !== undefined) {
        throw bad('it names two variables.');
      }
      return { id, source: { kind: 'env', name: env ?? src ?? id } };
    case 'file':
    case undefined:
      if (sources.length > 1 || (type === 'file' && env !== undefined)) {
        throw bad('it names both a file and a variable.');
      }
      return env !== undefined || (src === undefined && type === undefined && hasVariable(id))
        ? { id, source: { kind: 'env', name: env ?? id } }
        : { id, source: { kind: 'file', path: src ?? id } };
    default:
      throw bad(`"${type}" is not a type of secret.`);
  }
}

/** The fields of a line of CSV. Undefined if a quote is not closed, or something follows a closing one. */
function fieldsOf(text: string): string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let field = '';
    if (text[at] === '"') {
      at += 1;
      for (;;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) {
          return undefined;
        }
        field += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') {
          break;
        }
        field += '"';
        at += 1;
      }
    } else {
      const comma = text.indexOf(',', at);
      const end = comma < 0 ? text.length : comma;
      field = text.slice(at, end);
      at = end;
    }
    fields.push(field);
    if (at === text.length) {
      return fields;
    }
    if (text[at] !== ',') {
      return undefined;
    }
    at += 1;
  }
}

/** An agent as `--ssh` names it. Whether a path is a socket or a key, only the computer tells. */
export interface SshOption {
  readonly id: string;
  readonly paths: readonly string[];
}

/** `ID[=SOCKET|KEY[,KEY…]]`. Paths stay as they are written. @throws Failure `input.invalid` */
export function parseSsh(text: string): SshOption {
  const [id = '', ...rest] = text.split('=');
  const list = rest.join('=');
  const bad = (message: string): Failure =>
    fail('input.invalid', `--ssh ${text}: ${message}`, 'Use default, default=SOCKET or default=KEY,KEY.');
  const checked = secretIdSchema.safeParse(id || defaultSshId);
  if (!checked.success) {
    throw bad(checked.error.issues[0]?.message ?? '');
  }
  const paths = list === '' ? [] : list.split(',');
  if (paths.includes('')) {
    throw bad('one of its paths is empty.');
  }
  return { id: checked.data, paths };
}

/**
 * @param isSocket whether the paths are sockets or key files, as the computer tells
 * @throws Failure `input.invalid`
 */
export function sshSource({ id, paths }: SshOption, isSocket: (path: string) => boolean): BuildSsh {
  const [first, ...others] = paths;
  if (first === undefined) {
    return { id, source: { kind: 'agent' } };
  }
  if (others.length === 0 && isSocket(first)) {
    return { id, source: { kind: 'agent', socket: first } };
  }
  const socket = paths.find(isSocket);
  if (socket !== undefined) {
    throw fail(
      'input.invalid',
      `--ssh ${id} names the socket ${socket} and something else.`,
      'Name one socket, or key files only.',
    );
  }
  return { id, source: { kind: 'keys', paths: [...paths] } };
}

/** A secret as `--secret` reads it. */
export function formatSecret({ id, source }: BuildSecret): string {
  switch (source.kind) {
    case 'file':
      return [`id=${id}`, `src=${source.path}`].map(csvField).join(',');
    case 'env':
      return [`id=${id}`, `env=${source.name}`].map(csvField).join(',');
    case 'typed':
      return `id=${id},type=prompt`;
  }
}

/** An agent as `--ssh` reads it. */
export function formatSsh({ id, source }: BuildSsh): string {
  const paths = source.kind === 'keys' ? source.paths : source.socket === undefined ? [] : [source.socket];
  return paths.length === 0 ? id : `${id}=${paths.join(',')}`;
}

function csvField(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
