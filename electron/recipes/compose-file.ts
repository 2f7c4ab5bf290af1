/** The `build` sections of compose files as targets of bake, as buildx reads them. */
import { posix } from 'node:path';
import { suggestKnownName } from '../../shared/closest.ts';
import type { LeftOut } from '../../shared/recipe.ts';
import type { Environment, SourceFile } from './bake-file.ts';
import type { JsonNode } from './hcl/syntax.ts';
import type { Value } from './hcl/value.ts';
import { interpolate } from './interpolate.ts';
import { invalidAt } from './located.ts';
import { entryOf, parseLocated } from './located-json.ts';
import {
  assertTargetName,
  type BakeConfig,
  decodeField,
  type Field,
  type FieldName,
  fieldName,
  maxTargets,
  mergeFields,
  type Target,
  targetFields,
} from './target.ts';

export interface ComposeOptions {
  readonly environment: Environment;
  /** Reads a file that `extends` names, relative to the project. */
  readonly readFile: (path: string) => Promise<SourceFile>;
  readonly leaveOut: (leftOut: LeftOut) => void;
}

/** Fields of `build` and what bake calls them. */
const fieldNames: Readonly<Record<string, FieldName>> = {
  context: 'context',
  dockerfile: 'dockerfile',
  dockerfile_inline: 'dockerfile-inline',
  additional_contexts: 'contexts',
  args: 'args',
  labels: 'labels',
  tags: 'tags',
  target: 'target',
  platforms: 'platforms',
  cache_from: 'cache-from',
  cache_to: 'cache-to',
  no_cache: 'no-cache',
  pull: 'pull',
  network: 'network',
  shm_size: 'shm-size',
  ulimits: 'ulimits',
  extra_hosts: 'extra-hosts',
  secrets: 'secret',
  ssh: 'ssh',
  entitlements: 'entitlements',
};

/** Fields of `build` that no build here has, and why. */
const leftOutFields: Readonly<Record<string, string>> = {
  isolation: 'it is for Windows containers',
  privileged: 'no engine builds privileged for another computer',
  provenance: 'it is recorded only if you ask for it, with --provenance',
  sbom: 'it is made only if you ask for it, with --sbom',
};

/** A service after `extends`. `folder`: of the file that it is in. */
interface Service {
  readonly name: string;
  readonly at: JsonNode['at'];
  readonly image?: string | undefined;
  readonly environment: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<FieldName, Field>;
  readonly hasBuild: boolean;
}

const maxExtends = 20;

/** @throws Failure `recipe.invalid` with the line */
export async function readComposeFiles(files: readonly SourceFile[], options: ComposeOptions): Promise<BakeConfig> {
  const roots = files.map(parseFile);
  const extended = new Map<string, Promise<ParsedFile>>();
  const read = (path: string): Promise<ParsedFile> => {
    const parsed = extended.get(path) ?? options.readFile(path).then(parseFile);
    extended.set(path, parsed);
    return parsed;
  };
  const secrets = new Map<string, JsonNode>();
  const services = new Map<string, Service>();
  for (const { file, root } of roots) {
    if (root.kind !== 'object') {
      throw invalidAt(root.at, 'A compose file is an object with services.');
    }
    for (const [name, secret] of entriesOf(entryOf(root, 'secrets'))) {
      secrets.set(name, secret);
    }
    const include = entryOf(root, 'include');
    if (include) {
      options.leaveOut({ field: 'include', ...include.at, reason: 'included files are not read; name them with -f' });
    }
    for (const [name] of entriesOf(entryOf(root, 'services'))) {
      const service = await readService(name, { file, root }, { ...options, read }, '', []);
      const before = services.get(name);
      services.set(name, before ? mergeServices(before, service) : service);
    }
  }
  const targets = [...services.values()]
    .filter(({ hasBuild }) => hasBuild)
    .map((service) => target(service, secrets, options));
  const [, ...others] = targets;
  if (others.length + 1 > maxTargets && targets[0]) {
    throw invalidAt(targets[0].at, `The files have more than ${maxTargets} services to build.`);
  }
  const names = targets.map(({ name }) => name);
  return {
    targets: new Map(targets.map((each) => [each.name, each])),
    groups: new Map(names.length === 0 ? [] : [['default', { name: 'default', targets: names }]]),
  };
}

interface ParsedFile {
  readonly file: SourceFile;
  readonly root: JsonNode;
}

function parseFile(file: SourceFile): ParsedFile {
  return { file, root: parseLocated(file.text, file.name, 'YAML') };
}

interface ServiceOptions extends ComposeOptions {
  /** Each file is read once, however many services extend those in it. */
  readonly read: (path: string) => Promise<ParsedFile>;
}

async function readService(
  name: string,
  { file, root }: ParsedFile,
  options: ServiceOptions,
  folder: string,
  visited: readonly string[],
): Promise<Service> {
  const node = entryOf(entryOf(root, 'services'), name);
  const key = `${file.name}#${name}`;
  if (visited.includes(key) || visited.length > maxExtends) {
    throw invalidAt(node?.at ?? root.at, `The service ${name} extends itself.`);
  }
  const own = serviceOf(name, node ?? root, options, folder);
  const extended = entryOf(node, 'extends');
  if (!extended) {
    return own;
  }
  const parent = textNode(extended.kind === 'scalar' ? extended : entryOf(extended, 'service'), options) ?? '';
  const path = textNode(entryOf(extended, 'file'), options);
  const { file: source, root: tree } =
    path === undefined ? { file, root } : await options.read(posix.join(posix.dirname(file.name), path));
  const names = entriesOf(entryOf(tree, 'services')).map(([each]) => each);
  if (!names.includes(parent)) {
    throw invalidAt(extended.at, `There is no service "${parent}" in ${source.name}.`, suggestKnownName(parent, names));
  }
  const parentFolder = path === undefined ? folder : posix.join(folder, posix.dirname(path));
  const base = await readService(parent, { file: source, root: tree }, options, parentFolder, [...visited, key]);
  return mergeServices(base, own);
}

function serviceOf(name: string, node: JsonNode, options: ComposeOptions, folder: string): Service {
  const build = entryOf(node, 'build');
  const environment = new Map(
    [...pairs(entryOf(node, 'environment'), options)].flatMap(([key, value]): [string, string][] =>
      value === undefined ? [] : [[key, value]],
    ),
  );
  const image = textNode(entryOf(node, 'image'), options);
  const fields = new Map<FieldName, Field>();
  if (build?.kind === 'scalar') {
    setField(fields, 'context', inFolder(textNode(build, options) ?? '', folder), build.at);
  }
  for (const [key, value] of entriesOf(build)) {
    buildField(fields, key, value, { options, folder, environment });
  }
  if (build && folder !== '' && !fields.has('context')) {
    setField(fields, 'context', folder, build.at);
  }
  return {
    name,
    at: node.at,
    environment,
    fields,
    hasBuild: build !== undefined,
    ...(image === undefined ? {} : { image }),
  };
}

interface FieldInput {
  readonly options: ComposeOptions;
  readonly folder: string;
  readonly environment: ReadonlyMap<string, string>;
}

function buildField(fields: Map<FieldName, Field>, key: string, node: JsonNode, input: FieldInput): void {
  const { options, folder, environment } = input;
  if (key === 'x-bake') {
    for (const [name, value] of entriesOf(node)) {
      extensionField(fields, fieldName(name, value.at), value, options);
    }
    return;
  }
  const reason = Object.hasOwn(leftOutFields, key) ? leftOutFields[key] : undefined;
  if (reason !== undefined || key.startsWith('x-')) {
    options.leaveOut({ field: `build.${key}`, ...node.at, reason: reason ?? 'it is an extension of another program' });
    return;
  }
  const name = Object.hasOwn(fieldNames, key) ? fieldNames[key] : undefined;
  if (name === undefined) {
    throw invalidAt(
      node.at,
      `The section build has no field "${key}".`,
      suggestKnownName(key, [...Object.keys(fieldNames), ...Object.keys(leftOutFields)]),
    );
  }
  if (node.kind === 'scalar' && node.value === null) {
    return;
  }
  switch (key) {
    case 'context':
      setField(fields, name, inFolder(textNode(node, options) ?? '.', folder), node.at);
      break;
    case 'args': {
      const values = [...pairs(node, options)].flatMap(([arg, value]): [string, string][] => {
        const found = value ?? environment.get(arg) ?? options.environment(arg);
        return found === undefined ? [] : [[arg, found]];
      });
      setField(fields, name, new Map(values), node.at);
      break;
    }
    case 'labels':
    case 'additional_contexts':
    case 'extra_hosts':
      setField(
        fields,
        name,
        new Map(
          [...pairs(node, options, key === 'extra_hosts' ? /[=:]/ : /=/)].map(([each, value]) => [
            each,
            contextOf(key, value ?? '', folder),
          ]),
        ),
        node.at,
      );
      break;
    case 'ulimits':
      setField(
        fields,
        name,
        entriesOf(node).map(([limit, value]) => ulimit(limit, value, options)),
        node.at,
      );
      break;
    case 'ssh':
      setField(fields, name, sshEntries(node, options), node.at);
      break;
    case 'secrets':
      // the file of each is known when all files are read
      setField(
        fields,
        name,
        items(node).map((item) => secretName(item, options)),
        node.at,
      );
      break;
    default:
      setField(fields, name, plainValue(node, options), node.at);
  }
}

function setField(fields: Map<FieldName, Field>, name: FieldName, value: Value, at: JsonNode['at']): void {
  const field = decodeField(name, value, at);
  if (field) {
    fields.set(name, field);
  }
}

/** Fields of `x-bake` are added to those of `build`. */
function extensionField(fields: Map<FieldName, Field>, name: FieldName, node: JsonNode, options: ComposeOptions): void {
  const value = plainValue(node, options);
  const isListed = targetFields[name].kind === 'list' || targetFields[name].kind === 'entries';
  const field = decodeField(
    name,
    isListed && typeof value === 'string' ? value.split(/\s+/).filter(Boolean) : value,
    node.at,
  );
  const before = fields.get(name);
  if (!field) {
    return;
  }
  const joined =
    Array.isArray(before?.value) && Array.isArray(field.value)
      ? [...new Set([...before.value, ...field.value])]
      : field.value;
  fields.set(name, { value: joined, at: node.at });
}

function contextOf(key: string, value: string, folder: string): string {
  if (key !== 'additional_contexts') {
    return value;
  }
  const [, service] = /^(?:service|target):(.*)$/s.exec(value) ?? [];
  return service === undefined
    ? /^[a-z-]+:/.test(value)
      ? value
      : inFolder(value, folder)
    : `target:${service.replaceAll('.', '_')}`;
}

function mergeServices(before: Service, after: Service): Service {
  return {
    ...before,
    ...after,
    image: after.image ?? before.image,
    environment: new Map([...before.environment, ...after.environment]),
    fields: joinFields(before.fields, after.fields),
    hasBuild: before.hasBuild || after.hasBuild,
  };
}

/** Compose adds to all lists, also to those that bake replaces. */
function joinFields(before: Service['fields'], after: Service['fields']): Map<FieldName, Field> {
  const merged = mergeFields(before, after);
  for (const [name, { value, at }] of after) {
    const earlier = before.get(name)?.value;
    if (Array.isArray(value) && Array.isArray(earlier)) {
      merged.set(name, { value: [...new Set([...earlier, ...value])], at });
    }
  }
  return merged;
}

function target(service: Service, secrets: ReadonlyMap<string, JsonNode>, options: ComposeOptions): Target {
  const name = service.name.replaceAll('.', '_');
  assertTargetName(name, service.at);
  const fields = new Map(service.fields);
  if (!fields.has('tags') && service.image !== undefined && service.image !== '') {
    fields.set('tags', { value: [service.image], at: service.at });
  }
  const used = fields.get('secret');
  if (used && Array.isArray(used.value)) {
    fields.set('secret', {
      value: used.value.map((id) => secretEntry(id, secrets.get(id), options, used.at)),
      at: used.at,
    });
  }
  return { name, at: service.at, fields };
}

function secretName(node: JsonNode, options: ComposeOptions): string {
  return textNode(node.kind === 'scalar' ? node : entryOf(node, 'source'), options) ?? '';
}

/** `id` also has the entries of `x-bake`, which are complete. */
function secretEntry(id: string, secret: JsonNode | undefined, options: ComposeOptions, at: JsonNode['at']): string {
  if (id.includes('=')) {
    return id;
  }
  const file = textNode(entryOf(secret, 'file'), options);
  const variable = textNode(entryOf(secret, 'environment'), options);
  if (file === undefined && variable === undefined) {
    throw invalidAt(
      at,
      `The secret ${id} has no file and no environment.`,
      'Declare it in the secrets of the compose file.',
    );
  }
  return file === undefined ? `id=${id},env=${variable}` : `id=${id},src=${inFolder(file, '')}`;
}

function sshEntries(node: JsonNode, options: ComposeOptions): string[] {
  return node.kind === 'object'
    ? [...pairs(node, options)].map(([id, path]) => (path === undefined || path === '' ? id : `${id}=${path}`))
    : items(node).map((item) => textNode(item, options) ?? '');
}

function ulimit(name: string, node: JsonNode, options: ComposeOptions): string {
  if (node.kind !== 'object') {
    const both = textNode(node, options) ?? '';
    return `${name}=${both}:${both}`;
  }
  const soft = textNode(entryOf(node, 'soft'), options) ?? '0';
  return `${name}=${soft}:${textNode(entryOf(node, 'hard'), options) ?? soft}`;
}

function entriesOf(node: JsonNode | undefined): readonly (readonly [string, JsonNode])[] {
  return node?.kind === 'object' ? node.entries : [];
}

function items(node: JsonNode): readonly JsonNode[] {
  return node.kind === 'list' ? node.items : [node];
}

/** An object, or a list of `key=value` or `key`. Hosts also have `key:value`. */
function pairs(node: JsonNode | undefined, options: ComposeOptions, separator = /=/): Map<string, string | undefined> {
  if (!node) {
    return new Map();
  }
  if (node.kind === 'object') {
    return new Map(
      node.entries.map(([key, value]) => [
        key,
        value.kind === 'list'
          ? items(value)
              .map((item) => textNode(item, options))
              .join(',')
          : textNode(value, options),
      ]),
    );
  }
  return new Map(
    items(node).map((item) => {
      const text = textNode(item, options) ?? '';
      const end = text.search(separator);
      return end < 0 ? [text, undefined] : [text.slice(0, end), text.slice(end + 1)];
    }),
  );
}

/** @returns undefined for null and a missing value */
function textNode(node: JsonNode | undefined, { environment }: ComposeOptions): string | undefined {
  if (!node || (node.kind === 'scalar' && node.value === null)) {
    return undefined;
  }
  if (node.kind !== 'scalar') {
    throw invalidAt(node.at, 'A text is needed here.');
  }
  return interpolate(String(node.value), environment, node.at);
}

function plainValue(node: JsonNode, options: ComposeOptions): Value {
  switch (node.kind) {
    case 'list':
      return node.items.map((item) => plainValue(item, options));
    case 'object':
      return new Map(node.entries.map(([key, value]) => [key, plainValue(value, options)]));
    case 'scalar':
      return typeof node.value === 'string' ? interpolate(node.value, options.environment, node.at) : node.value;
  }
}

/** A relative path, of a file in another folder. */
function inFolder(path: string, folder: string): string {
  return path.includes('://') || posix.isAbsolute(path) || path.startsWith('~') || path.includes('@')
    ? path
    : posix.join(folder, path);
}
