/** Parsers of arguments and option values. Each throws a Failure `input.invalid` for a value that it does not accept. */
import { resolve } from 'node:path';
import type { z } from 'zod';
import {
  type AutomaticArgName,
  type AutomaticLabelName,
  automaticArgNames,
  automaticLabelNames,
} from '../../../shared/automatic-options.ts';
import { choicesOf } from '../../../shared/build-options.ts';
import { type FixId, fixIdSchema } from '../../../shared/check.ts';
import { closest } from '../../../shared/closest.ts';
import { nameSchema, uriSchema } from '../../../shared/connection.ts';
import { discoverySourceSchema } from '../../../shared/discovery.ts';
import type { NodeSelection } from '../../../shared/farm.ts';
import { isDigest, referenceSchema } from '../../../shared/image.ts';
import {
  formatImageLocation,
  parseImageLocation as toImageLocation,
  parseRegistryImage as toRegistryImage,
} from '../../../shared/image-location.ts';
import { formatOutput, outputOf, parseOutput, withOutputPath } from '../../../shared/output.ts';
import { commonPlatforms, type Platform, parsePlatform } from '../../../shared/platform.ts';
import { type Failure, fail } from '../../../shared/problem.ts';
import { expandHome } from '../../system/system-paths.ts';
import type { PushCredentials } from '../command.ts';

/** A file is imported with an option of its own, `--file`. */
const importSourceSchema = discoverySourceSchema.exclude(['file']);
type ImportSource = z.infer<typeof importSourceSchema>;

export function invalidInput(message: string, fix: string): Failure {
  return fail('input.invalid', message, fix);
}

function parseWith<T>(schema: z.ZodType<T>, text: string, toFailure: (message: string) => Failure): T {
  const result = schema.safeParse(text);
  if (!result.success) {
    throw toFailure(result.error.issues[0]?.message ?? result.error.message);
  }
  return result.data;
}

/** Messages of the shared schemas state the problem in the first sentence and the fix in the rest. */
export function failureFromSentences(message: string): Failure {
  const end = message.indexOf('. ');
  return end < 0 ? invalidInput(message, '') : invalidInput(message.slice(0, end + 1), message.slice(end + 2));
}

/** The nearest valid word as a question, or all valid words if none is near. */
export function suggest(text: string, valid: readonly string[]): string {
  const nearest = closest(text, valid);
  return nearest ? `Did you mean ${nearest}?` : `Use one of: ${valid.join(', ')}.`;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export function parseName(text: string): string {
  return parseWith(nameSchema, text, (message) => invalidInput(`"${text}" is not a valid name.`, message));
}

/** `a,b`, once or several times. Returns the names in their order, without duplicates. */
export function parseNames(text: string, previous: readonly string[] = []): string[] {
  return [...new Set([...previous, ...splitList(text).map(parseName)])];
}

export function parseFixId(text: string): FixId {
  return parseWith(fixIdSchema, text, () =>
    invalidInput(`"${text}" is not a valid fix.`, suggest(text, fixIdSchema.options)),
  );
}

export function parseUri(text: string): string {
  return parseWith(uriSchema, text, failureFromSentences);
}

export function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw invalidInput(`"${text}" is not a valid number of builds.`, 'Use a number from 1 to 999999.');
  }
  return Number(text);
}

export function parseMilliseconds(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 60_000) {
    throw invalidInput(`"${text}" is not a valid number of milliseconds.`, 'Use a number from 0 to 60000.');
  }
  return Number(text);
}

export function parseReference(text: string): string {
  return parseWith(referenceSchema, text, failureFromSentences);
}

/** `NAME:TAG` or `docker://REGISTRY/NAME:TAG`, in its full form. */
export function parseImageLocation(text: string): string {
  const location = toImageLocation(text);
  if (typeof location === 'string') {
    throw failureFromSentences(location);
  }
  return formatImageLocation(location);
}

/** An image of a registry as it was written, without `docker://`. It may have a digest. */
export function parseRegistryImage(text: string): string {
  const image = toRegistryImage(text);
  if (typeof image === 'string') {
    throw failureFromSentences(image);
  }
  return text.replace(/^docker:\/\//, '');
}

/** Accepts the prefix `docker://`, which podman and skopeo use for registries. */
export function parsePushDestination(text: string): string {
  return parseReference(text.replace(/^docker:\/\//, ''));
}

/** Sources of connections to import: `a,b`, once or several times. */
export function parseImportSources(text: string, previous: readonly ImportSource[] = []): ImportSource[] {
  const sources = splitList(text).map((word) =>
    parseWith(importSourceSchema, word, () =>
      invalidInput(`"${word}" is not a valid import source.`, suggest(word, importSourceSchema.options)),
    ),
  );
  return [...new Set([...previous, ...sources])];
}

/** Names of arguments that come from git: `a,b`, once or several times; `all`. */
export function parseAutomaticArgs(text: string, previous: readonly AutomaticArgName[] = []): AutomaticArgName[] {
  return parseChoices(text, previous, automaticArgNames, (word) => word.toUpperCase());
}

const labelPrefix = 'org.opencontainers.image.';

/** Names of labels that come from git, whole or by their last word: `a,b`, once or several times; `all`. */
export function parseAutomaticLabels(text: string, previous: readonly AutomaticLabelName[] = []): AutomaticLabelName[] {
  return parseChoices(text, previous, automaticLabelNames, (word) =>
    word.startsWith(labelPrefix) ? word : `${labelPrefix}${word}`,
  );
}

function parseChoices<T extends string>(
  text: string,
  previous: readonly T[],
  valid: readonly T[],
  complete: (word: string) => string,
): T[] {
  const chosen = splitList(text).flatMap((word) => {
    const name = valid.find((each) => each === complete(word));
    if (word !== 'all' && name === undefined) {
      const short = valid.map((each) => each.replace(labelPrefix, ''));
      throw invalidInput(`"${word}" does not come from git.`, suggest(word, short));
    }
    return name === undefined ? valid : [name];
  });
  return valid.filter((name) => previous.includes(name) || chosen.includes(name));
}

export function parsePlatformOption(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    const nearest = closest(text.includes('/') ? text : `linux/${text}`, commonPlatforms);
    throw invalidInput(
      `"${text}" is not a valid platform.`,
      nearest ? `Did you mean ${nearest}?` : 'Use os/arch or os/arch/variant, for example linux/arm64 or linux/arm/v7.',
    );
  }
  return parsed;
}

/** A platform, or the digest of an entry of a list. */
export function parseListTarget(text: string): string {
  return isDigest(text) ? text : parsePlatformOption(text);
}

export function parsePlatforms(text: string, previous: readonly Platform[] = []): Platform[] {
  return [...new Set([...previous, ...splitList(text).map(parsePlatformOption)])];
}

/** `PLATFORM=NODE` */
export function parsePins(text: string, previous: Readonly<Record<Platform, string>> = {}): Record<Platform, string> {
  const [platform = '', node = '', ...rest] = text.split('=');
  if (!platform || !node || rest.length > 0) {
    throw invalidInput(
      `--pin "${text}" does not name a platform and a node.`,
      'Use PLATFORM=NODE, for example --pin linux/arm64=pi4.',
    );
  }
  return { ...previous, [parsePlatformOption(platform)]: parseName(node) };
}

/** A parser of a number of a connection. An empty text is what it is without the option. */
export function preferenceParser(flag: string, min: number, max: number, none: number): (text: string) => number {
  return (text) => {
    const value = text === '' ? none : Number(text);
    if (text !== '' && !(/^\d+$/.test(text) && value >= min && value <= max)) {
      throw invalidInput(
        `${flag} "${text}" is not a number from ${min} to ${max}.`,
        `Use such a number, or '' for none.`,
      );
    }
    return value;
  };
}

/** The pins of a farm: `PLATFORM=NODE`; without a node, the pin is removed. */
export function parseFarmPins(
  text: string,
  previous: Readonly<Record<Platform, string>> = {},
): Record<Platform, string> {
  return text.endsWith('=') ? { ...previous, [parsePlatformOption(text.slice(0, -1))]: '' } : parsePins(text, previous);
}

/** docker and older versions of podman call `newer` `ifnewer`. */
export function parsePullPolicy(text: string): string {
  const policies = choicesOf('pull');
  if (!policies.includes(text)) {
    const fix = text === 'ifnewer' ? 'Did you mean newer?' : suggest(text, policies);
    throw invalidInput(`"${text}" is not a valid pull policy.`, fix);
  }
  return text;
}

export function parseBoolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') {
    throw invalidInput(`"${text}" is neither true nor false.`, 'Use true or false.');
  }
  return text === 'true';
}

/**
 * Parses `KEY=VALUE`, once or several times.
 * @param defaultValue the value of a key without `=`; undefined omits the key
 */
export function keyValueParser(option: string, defaultValue: (key: string) => string | undefined) {
  return (text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> => {
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    if (key === '') {
      throw invalidInput(`${option} "${text}" has no key.`, `Use ${option} KEY=VALUE.`);
    }
    const value = equals < 0 ? defaultValue(key) : text.slice(equals + 1);
    return value === undefined ? { ...previous } : { ...previous, [key]: value };
  };
}

/** Rejects an option that is given twice: commander would silently use the last value. */
export function singleValueParser<T>(option: string, parse: (text: string) => T, fix: string) {
  return (text: string, previous?: T): T => {
    if (previous !== undefined) {
      throw invalidInput(`${option} is specified twice.`, fix);
    }
    return parse(text);
  };
}

/** `USER[:PASSWORD]`. A missing password is prompted for. */
export function parseCredentials(text: string): PushCredentials {
  const colon = text.indexOf(':');
  const username = colon < 0 ? text : text.slice(0, colon);
  if (username === '') {
    throw invalidInput(
      '--creds has no user name.',
      'Use --creds USER:PASSWORD, or --creds USER to be prompted for the password.',
    );
  }
  return {
    username,
    password: colon < 0 ? { from: 'prompt' } : { from: 'argument', text: text.slice(colon + 1) },
  };
}

/** Returns absolute paths. Expands `~/`, which shells do not expand after a `=`. */
export function pathParser(folder: string): (text: string) => string {
  return (text) => resolve(folder, expandHome(text));
}

/**
 * Outputs, once or several times, with absolute paths. A form of buildx that means a push stays as it is.
 * @param acceptsPath whether a path alone is a folder for the root file system, as elsewhere
 */
export function outputParser(folder: string, acceptsPath = true) {
  return (text: string, previous: readonly string[] = []): string[] => {
    if (!acceptsPath && !/[:=]/.test(text) && text !== 'load') {
      const suggestion = /\.tar$/.test(text) ? `oci-archive:${text}` : `oci:${text} or oci-archive:${text}.tar`;
      throw invalidInput(`"${text}" does not say what kind of output it is.`, `Use ${suggestion}.`);
    }
    const parsed = parseOutput(text);
    if (parsed.problem !== undefined) {
      throw invalidInput(`The output "${text}" ${parsed.problem}.`, parsed.fix);
    }
    const output = parsed.push ? text : withOutputPath(formatOutput(parsed.output), pathParser(folder));
    return [...new Set([...previous, output])];
  };
}

/** Outputs that are not pushes, and where the others push the image. */
export function splitOutputs(texts: readonly string[]): {
  readonly outputs: string[];
  /** Destinations. An empty one: the registry that the reference names. */
  readonly pushes: string[];
} {
  const pushes = texts.flatMap((text) => parseOutput(text).push ?? []).map(({ destination = '' }) => destination);
  return { outputs: texts.filter((text) => !parseOutput(text).push), pushes };
}

/** Outputs of `export`, those without platforms for the given ones. */
export function exportOutputs(texts: readonly string[], platforms: readonly Platform[] | undefined): string[] {
  const { outputs, pushes } = splitOutputs(texts);
  if (pushes.length > 0) {
    throw invalidInput('export writes to files, folders and engines.', 'To push the image, use `barnraiser push`.');
  }
  return outputs.map((text) => {
    const output = outputOf(text);
    const chosen = formatOutput({ ...output, platforms: output.platforms ?? platforms ?? [] });
    const { problem, fix } = parseOutput(chosen);
    if (problem !== undefined) {
      throw invalidInput(`The output "${chosen}" ${problem}.`, fix);
    }
    return chosen;
  });
}

/** The nodes of a farm or of connections, which exclude each other. */
export function selectNodes(farm: string | undefined, connections: readonly string[] | undefined): NodeSelection {
  if (farm !== undefined && connections) {
    throw invalidInput('FARM and --node cannot be used together.', 'Use only one of them.');
  }
  return connections ? { connections: [...connections] } : farm === undefined ? {} : { farm };
}
