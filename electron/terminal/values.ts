import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { type PullPolicy, pullPolicySchema } from '../../shared/build.ts';
import { type FixId, fixIdSchema } from '../../shared/check.ts';
import { closest } from '../../shared/closest.ts';
import { nameSchema, uriSchema } from '../../shared/connection.ts';
import { discoverySourceSchema } from '../../shared/discovery.ts';
import { referenceSchema } from '../../shared/image.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import type { Password } from './command.ts';

/** A file is named by an option of its own. */
const importSourceSchema = discoverySourceSchema.exclude(['file']);
type ImportSource = z.infer<typeof importSourceSchema>;

/** A value on the command line that cannot be used: what is wrong with it, and the nearest right thing. */
export function wrong(message: string, fix: string): Failure {
  return fail('input.invalid', message, fix);
}

function read<T>(schema: z.ZodType<T>, text: string, say: (message: string) => Failure): T {
  const result = schema.safeParse(text);
  if (!result.success) {
    throw say(result.error.issues[0]?.message ?? result.error.message);
  }
  return result.data;
}

export function name(text: string): string {
  return read(nameSchema, text, (message) => wrong(`"${text}" is not a name.`, message));
}

/** What can be done on a node by itself. */
export function fix(text: string): FixId {
  const known = fixIdSchema.options;
  const near = closest(text, known);
  const advice = near ? `Did you mean ${near}?` : `Choose one of ${known.join(', ')}.`;
  return read(fixIdSchema, text, () => wrong(`"${text}" is no fix.`, advice));
}

export function uri(text: string): string {
  return read(uriSchema, text, sentences);
}

export function reference(text: string): string {
  return read(referenceSchema, text, sentences);
}

/** Where to push to. podman and skopeo write `docker://` before it, which means nothing else here. */
export function destination(text: string): string {
  return reference(text.replace(/^docker:\/\//, ''));
}

/** Messages of the shared schemas say what is wrong in one sentence and what is right in the next. */
function sentences(message: string): Failure {
  const end = message.indexOf('. ');
  return end < 0 ? wrong(message, '') : wrong(message.slice(0, end + 1), message.slice(end + 2));
}

/** `a,b` given once or several times: the names in their order, each once. */
export function names(text: string, before: readonly string[] = []): string[] {
  return [...new Set([...before, ...listed(text).map(name)])];
}

/** Where to look for connections, given once or several times. */
export function sources(text: string, before: readonly ImportSource[] = []): ImportSource[] {
  const chosen = listed(text).map((word) => {
    const source = importSourceSchema.safeParse(word);
    if (!source.success) {
      const meant = closest(word, importSourceSchema.options);
      throw wrong(
        `"${word}" is no place to import from.`,
        `${meant ? `Did you mean ${meant}? ` : ''}There are ${importSourceSchema.options.join(', ')}.`,
      );
    }
    return source.data;
  });
  return [...new Set([...before, ...chosen])];
}

/** What a mistyped platform may have meant: those that base images are commonly made for. */
const commonPlatforms =
  'linux/amd64 linux/arm64 linux/arm/v7 linux/arm/v6 linux/386 linux/riscv64 linux/s390x linux/ppc64le'.split(' ');

export function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    const meant = closest(text.includes('/') ? text : `linux/${text}`, commonPlatforms);
    throw wrong(
      `"${text}" is not a platform.`,
      meant ? `Did you mean ${meant}?` : 'Write os/arch or os/arch/variant, as in linux/arm64 or linux/arm/v7.',
    );
  }
  return parsed;
}

export function platforms(text: string, before: readonly Platform[] = []): Platform[] {
  return [...new Set([...before, ...listed(text).map(platform)])];
}

/** `PLATFORM=NODE` */
export function pins(text: string, before: Readonly<Record<Platform, string>> = {}): Record<Platform, string> {
  const [what = '', node = '', ...rest] = text.split('=');
  if (!what || !node || rest.length > 0) {
    throw wrong(`--pin "${text}" is not a platform and a node.`, 'Write it as in --pin linux/arm64=pi4.');
  }
  return { ...before, [platform(what)]: name(node) };
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export function pullPolicy(text: string): PullPolicy {
  const policy = pullPolicySchema.safeParse(text);
  if (!policy.success) {
    // docker and older podmans say ifnewer
    const meant = text === 'ifnewer' ? 'newer' : closest(text, pullPolicySchema.options);
    throw wrong(
      `"${text}" is not a pull policy.`,
      meant ? `Did you mean ${meant}?` : `There are ${pullPolicySchema.options.join(', ')}.`,
    );
  }
  return policy.data;
}

export function truth(text: string): boolean {
  if (text !== 'true' && text !== 'false') {
    throw wrong(`"${text}" is neither true nor false.`, 'Write one of them.');
  }
  return text === 'true';
}

/** `KEY=VALUE`; what a text without `=` means is for the option to say, undefined leaves it out. */
export function keyed(option: string, whenBare: (key: string) => string | undefined) {
  return (text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> => {
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    if (key === '') {
      throw wrong(`${option} "${text}" names no key.`, `Write ${option} KEY=VALUE.`);
    }
    const value = equals < 0 ? whenBare(key) : text.slice(equals + 1);
    return value === undefined ? { ...before } : { ...before, [key]: value };
  };
}

/** An option that means one thing: said twice, one of the two would silently win. */
export function once<T>(option: string, parse: (text: string) => T, advice: string) {
  return (text: string, before?: T): T => {
    if (before !== undefined) {
      throw wrong(`${option} is given twice.`, advice);
    }
    return parse(text);
  };
}

export interface Credentials {
  readonly username: string;
  readonly password: Password;
}

/** `USER[:PASSWORD]`; without a password, it is asked for. */
export function credentials(text: string): Credentials {
  const colon = text.indexOf(':');
  const username = colon < 0 ? text : text.slice(0, colon);
  if (username === '') {
    throw wrong('--creds names no user.', 'Write --creds USER:PASSWORD, or --creds USER to be asked for the password.');
  }
  return {
    username,
    password: colon < 0 ? { from: 'prompt' } : { from: 'argument', text: text.slice(colon + 1) },
  };
}

/** An absolute path. Shells leave a `~` alone that follows a `=`, so it is read here. */
export function path(folder: string): (text: string) => string {
  return (text) => resolve(folder, text.startsWith('~/') ? join(homedir(), text.slice(2)) : text);
}

/** The project folder. */
export function context(folder: string): (text: string) => string {
  return (text) => {
    if (text === '-') {
      throw wrong('The context cannot be read from standard input.', 'Name the folder of the project, as in `.`.');
    }
    if (/^[a-z+]+:\/\/|^git@/.test(text)) {
      throw wrong(`"${text}" is not a folder on this computer.`, 'Clone or unpack it first, and name its folder.');
    }
    return path(folder)(text);
  };
}

/** `oci:DIR` or `oci-archive:FILE`, with an absolute path. */
export function exportDestination(folder: string): (text: string) => string {
  return (text) => {
    const [, transport, place] = /^(oci|oci-archive):(.+)$/.exec(text) ?? [];
    if (transport === undefined || place === undefined) {
      const bare = text.replace(/^[a-z-]*:/, '') || 'api';
      const meant = /\.tar$/.test(bare) ? `oci-archive:${bare}` : `oci:${bare} or oci-archive:${bare}.tar`;
      throw wrong(`"${text}" is not a place to export to.`, `Write ${meant}.`);
    }
    return `${transport}:${path(folder)(place)}`;
  };
}
