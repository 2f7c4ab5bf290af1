/** A target as fields of a build request. Paths are still relative. */
import type { z } from 'zod';
import type { buildRequestSchema } from '../../shared/build.ts';
import type { BuildSecret, BuildSsh } from '../../shared/build-secrets.ts';
import { closest } from '../../shared/closest.ts';
import { parseReference } from '../../shared/image.ts';
import { parseBytes } from '../../shared/option-text.ts';
import { formatOutput, parseOutput, standardOutput } from '../../shared/output.ts';
import { commonPlatforms, parsePlatform } from '../../shared/platform.ts';
import type { LeftOut } from '../../shared/recipe.ts';
import { parseEntry } from './entry.ts';
import { invalidAt, type Location } from './located.ts';
import type { SelectedTarget } from './select-targets.ts';
import type { FieldName, FieldValue } from './target.ts';

type Request = z.input<typeof buildRequestSchema>;
export type RequestFields = { -readonly [K in keyof Request]?: Request[K] | undefined };

/** An image whose paths are not resolved yet. */
export interface Draft {
  readonly name: string;
  readonly at: Location;
  readonly description?: string | undefined;
  readonly fields: RequestFields;
  readonly depends: ReadonlyMap<string, string>;
}

interface DraftInput {
  readonly at: Location;
  readonly fields: RequestFields;
  readonly leaveOut: (reason: string, field?: string) => void;
}

type Convert = (value: FieldValue, input: DraftInput) => void;

const converters: Readonly<Record<FieldName, Convert>> = {
  description: () => undefined,
  inherits: () => undefined,
  context: (value, { fields }) => {
    fields.context = textOf(value);
  },
  contexts: (value, { fields }) => {
    const others = [...mapOf(value)].filter(([, context]) => context !== '' && !context.startsWith('target:'));
    fields.contexts = others.length === 0 ? undefined : Object.fromEntries(others);
  },
  dockerfile: (value, { fields }) => {
    fields.file = textOf(value) || undefined;
  },
  'dockerfile-inline': (value, { fields }) => {
    fields.containerfile = textOf(value);
  },
  args: (value, { fields }) => {
    fields.buildArgs = Object.fromEntries(mapOf(value));
  },
  labels: (value, { fields }) => {
    fields.labels = Object.fromEntries(mapOf(value));
  },
  annotations: convertAnnotations,
  tags: convertTags,
  target: (value, { fields }) => {
    fields.target = textOf(value) || undefined;
  },
  platforms: convertPlatforms,
  'cache-from': (value, input) => {
    input.fields.cacheFrom = cacheReferences(value, input, 'cache-from');
  },
  'cache-to': (value, input) => {
    input.fields.cacheTo = cacheReferences(value, input, 'cache-to');
  },
  secret: (value, { fields, at }) => {
    fields.secrets = listOf(value).map((text) => secretOf(text, at));
  },
  ssh: (value, { fields }) => {
    fields.ssh = listOf(value).map(sshOf);
  },
  output: convertOutput,
  attest: convertAttest,
  pull: (value, { fields }) => {
    fields.pull = value === true ? 'always' : undefined;
  },
  'no-cache': (value, { fields }) => {
    fields.noCache = value === true;
  },
  'no-cache-filter': (value, { fields }) => {
    fields.noCacheFor = [...listOf(value)];
  },
  network: (value, { fields, leaveOut }) => {
    const network = textOf(value);
    if (network !== 'default' && network !== 'none' && network !== 'host') {
      leaveOut('only the networks default, none and host are known');
      return;
    }
    fields.network = network;
  },
  'shm-size': (value, { fields, at }) => {
    const bytes = parseBytes(textOf(value));
    if (bytes === undefined || bytes <= 0) {
      throw invalidAt(at, `"${textOf(value)}" is not a size.`, 'Use a number with a unit, for example 128m.');
    }
    fields.shmSize = bytes;
  },
  ulimits: (value, { fields }) => {
    fields.ulimits = [...listOf(value)];
  },
  'extra-hosts': (value, { fields }) => {
    fields.addHosts = [...mapOf(value)].flatMap(([host, addresses]) =>
      addresses.split(',').map((address) => `${host}:${address.trim()}`),
    );
  },
  entitlements: (value, { leaveOut }) => {
    for (const text of listOf(value).filter((each) => each !== 'network.host')) {
      leaveOut(`no engine is asked for ${text}`, `entitlements: ${text}`);
    }
  },
  call: (value, { leaveOut }) => {
    if (textOf(value) !== 'build') {
      leaveOut('the image is built, nothing else');
    }
  },
  resources: (_, { leaveOut }) => leaveOut('limits of build steps are options of a recipe'),
  policy: (_, { leaveOut }) => leaveOut('sources are not checked by policies'),
};

/** @throws Failure `recipe.invalid` with the line */
export function draftOf(target: SelectedTarget, leaveOut: (leftOut: LeftOut) => void): Draft {
  const fields: RequestFields = {};
  for (const [name, { value, at }] of target.fields) {
    converters[name](value, {
      at,
      fields,
      leaveOut: (reason, field = name) => leaveOut({ target: target.name, field, ...at, reason }),
    });
  }
  const description = target.fields.get('description');
  return {
    name: target.name,
    at: target.at,
    fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    depends: target.depends,
    ...(description === undefined ? {} : { description: textOf(description.value) }),
  };
}

function textOf(value: FieldValue): string {
  return typeof value === 'string' ? value : '';
}

function listOf(value: FieldValue): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function mapOf(value: FieldValue): ReadonlyMap<string, string> {
  return value instanceof Map ? value : new Map();
}

function convertTags(value: FieldValue, { fields, at }: DraftInput): void {
  const [first, ...others] = listOf(value);
  if (first === undefined) {
    return;
  }
  const parsed = parseReference(first);
  if (typeof parsed === 'string') {
    throw invalidAt(at, parsed);
  }
  fields.reference = first;
  fields.furtherNames = others.length === 0 ? undefined : others;
}

function convertPlatforms(value: FieldValue, { fields, at }: DraftInput): void {
  const platforms = listOf(value).filter((text) => text !== 'local');
  for (const text of platforms) {
    if (parsePlatform(text) === undefined) {
      const meant = closest(text, commonPlatforms);
      throw invalidAt(
        at,
        `"${text}" is not a platform.`,
        meant === undefined ? 'Use OS/ARCHITECTURE.' : `Did you mean ${meant}?`,
      );
    }
  }
  fields.platforms = platforms.length === 0 ? undefined : platforms;
}

/** `[manifest:|index:|…]KEY=VALUE` */
function convertAnnotations(value: FieldValue, { fields, at, leaveOut }: DraftInput): void {
  const images = new Map<string, string>();
  const list = new Map<string, string>();
  for (const text of listOf(value)) {
    const [, subjects = 'manifest', key, content] =
      /^(?:((?:manifest|index|manifest-descriptor|index-descriptor)(?:\[[^\]]*\])?(?:,[a-z-]+(?:\[[^\]]*\])?)*):)?([^=]+)=(.*)$/s.exec(
        text,
      ) ?? [];
    if (key === undefined || content === undefined) {
      throw invalidAt(at, `The annotation "${text}" is not KEY=VALUE.`);
    }
    for (const subject of subjects.split(',')) {
      if (subject === 'manifest') {
        images.set(key, content);
      } else if (subject === 'index') {
        list.set(key, content);
      } else {
        leaveOut('annotations are set on all images and on the list', `annotations: ${text}`);
      }
    }
  }
  fields.annotations = images.size > 0 ? Object.fromEntries(images) : undefined;
  fields.listAnnotations = list.size > 0 ? Object.fromEntries(list) : undefined;
}

function cacheReferences(value: FieldValue, { at, leaveOut }: DraftInput, field: string): string[] | undefined {
  const references = listOf(value).flatMap((text) => {
    if (!text.includes('=')) {
      return [text];
    }
    const entry = parseEntry(text, at);
    const reference = entry.get('ref');
    if ((entry.get('type') ?? 'registry') === 'registry' && reference !== undefined) {
      return [reference];
    }
    leaveOut('only caches in registries can be used by all nodes', `${field}: ${text}`);
    return [];
  });
  return references.length === 0 ? undefined : references;
}

function convertOutput(value: FieldValue, { fields, leaveOut }: DraftInput): void {
  const outputs = listOf(value).flatMap((text) => {
    const { output, push, problem } = parseOutput(text);
    if (push) {
      leaveOut('an image is pushed only if you ask for it', `output: ${text}`);
    } else if (output?.path === standardOutput) {
      leaveOut('an image of several goes to no standard output', `output: ${text}`);
    } else if (output && output.kind !== 'list') {
      return [formatOutput(output)];
    } else if (problem !== undefined && !/type=cacheonly/.test(text)) {
      leaveOut(`it ${problem}`, `output: ${text}`);
    }
    return [];
  });
  fields.outputs = outputs.length === 0 ? undefined : outputs;
}

/** `type=provenance|sbom[,disabled=true]`. What else BuildKit is asked for is left out: provenance and SBOM are made here. */
function convertAttest(value: FieldValue, { at, fields, leaveOut }: DraftInput): void {
  for (const text of listOf(value)) {
    const entry = parseEntry(text, at);
    const type = entry.get('type');
    const isWanted = entry.get('disabled') !== 'true';
    if (type === 'provenance' || type === 'sbom') {
      fields[type] = isWanted || undefined;
    } else {
      leaveOut('there is no such attestation', `attest: ${text}`);
    }
  }
}

/** `id=ID[,src=FILE|,env=NAME][,type=file|env|prompt]`. @throws Failure `recipe.invalid` */
export function secretOf(text: string, at: Location): BuildSecret {
  const entry = parseEntry(text, at);
  const id = entry.get('id') || undefined;
  const type = entry.get('type');
  const given = entry.get('src') ?? entry.get('source');
  const variable = entry.get('env') ?? (type === 'env' ? (given ?? id) : undefined);
  if (id === undefined || (type !== undefined && !['file', 'env', 'prompt'].includes(type))) {
    throw invalidAt(at, `The secret "${text}" is not valid.`, 'Use id=ID,src=FILE or id=ID,env=NAME.');
  }
  if (type === 'prompt') {
    return { id, source: { kind: 'typed' } };
  }
  return variable === undefined
    ? { id, source: { kind: 'file', path: given || id } }
    : { id, source: { kind: 'env', name: variable } };
}

/** `ID[=PATH[,PATH…]]`, or an entry with `id` and `paths`. */
export function sshOf(text: string): BuildSsh {
  const [, id, paths] = /^(?:id=)?([^=,]+)(?:,?(?:paths)?=(.*))?$/s.exec(text.replace(/^"|"$/g, '')) ?? [];
  const files = (paths ?? '').replaceAll('"', '').split(',').filter(Boolean);
  return {
    id: id ?? 'default',
    source: files.length === 0 ? { kind: 'agent' } : { kind: 'keys', paths: files },
  };
}

/** The fields of a draft with those of `--set`. Maps are joined. */
export function withFields(before: RequestFields, after: RequestFields): RequestFields {
  const joined = (key: 'buildArgs' | 'labels' | 'contexts'): Record<string, string> | undefined =>
    before[key] || after[key] ? { ...before[key], ...after[key] } : undefined;
  const maps = { buildArgs: joined('buildArgs'), labels: joined('labels'), contexts: joined('contexts') };
  return Object.fromEntries(
    Object.entries({ ...before, ...after, ...maps }).filter(([, value]) => value !== undefined),
  );
}
