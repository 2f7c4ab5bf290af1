/**
 * Build caches outside of nodes, as `--cache-from` and `--cache-to` name them: a reference, or buildx' `type=TYPE,KEY=VALUE`.
 * Source: docs of buildx, "Cache storage backends".
 */
import { parseReference } from './image.ts';
import type { Platform } from './platform.ts';

/** The attributes of a cache, without its type. */
export interface RemoteCache {
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
}

interface CacheProblem {
  readonly problem: string;
  readonly fix: string;
}

/** Types of caches, with the attribute that two platforms must not have in common and its value by default. */
const types: Readonly<Record<string, { readonly key: string; readonly value?: string } | undefined>> = {
  registry: { key: 'ref' },
  inline: undefined,
  s3: { key: 'name', value: 'buildkit' },
  azblob: { key: 'name', value: 'buildkit' },
};

/** They would be kept with the request of a build. */
const credentialKeys = ['access_key_id', 'secret_access_key', 'session_token', 'token'];

/** What is wrong with a value that names no cache, after the value, and what to do. */
export function remoteCacheProblem(text: string): CacheProblem | undefined {
  const { type, attrs } = parse(text);
  const isShort = !isCsv(text);
  if (type === 'registry' && typeof parseReference(attrs.ref ?? '') !== 'object') {
    return {
      problem: isShort ? 'is neither a reference nor a cache as buildx has it' : 'does not name an image',
      fix: 'Use registry.example.com/team/cache or type=registry,ref=registry.example.com/team/cache.',
    };
  }
  if (type === 'local') {
    return {
      problem: 'is a cache in a folder, which nodes cannot reach',
      fix: 'Use a cache in a registry: type=registry,ref=….',
    };
  }
  if (!Object.hasOwn(types, type)) {
    return {
      problem: `has the type "${type}", which is not supported`,
      fix: `Use one of: ${Object.keys(types).join(', ')}.`,
    };
  }
  const credential = credentialKeys.find((key) => attrs[key] !== undefined);
  return credential === undefined
    ? undefined
    : {
        problem: `has a credential (${credential}), which would be kept with the build`,
        fix: 'Leave it out, and give the credential to BuildKit on the node.',
      };
}

function isCsv(text: string): boolean {
  return /(?:^|,)type=/.test(text);
}

function parse(text: string): RemoteCache {
  if (!isCsv(text)) {
    return { type: 'registry', attrs: { ref: text } };
  }
  const { type = '', ...attrs } = Object.fromEntries(
    fieldsOf(text).map((field) => {
      const equals = field.indexOf('=');
      return equals < 0 ? [field.trim(), ''] : [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1)];
    }),
  );
  return { type, attrs };
}

/** Fields of one line of CSV. */
function fieldsOf(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
  );
}

/** The cache that only one platform has: nodes do not overwrite what others have stored. */
export function cacheOfPlatform({ type, attrs }: RemoteCache, platform: Platform): RemoteCache {
  const own = types[type];
  const value = own && (attrs[own.key] ?? own.value);
  if (own === undefined || value === undefined) {
    return { type, attrs };
  }
  return { type, attrs: { ...attrs, [own.key]: ofPlatform(value, platform, type === 'registry') } };
}

/** `repository` → `repository:linux-arm64`; `repository:tag` → `repository:tag-linux-arm64` */
function ofPlatform(value: string, platform: Platform, isReference: boolean): string {
  const suffix = platform.replaceAll('/', '-');
  const hasTag = !isReference || /:[^/]*$/.test(value);
  return `${value}${hasTag ? '-' : ':'}${suffix}`;
}

/**
 * The repository in which podman stores the cache of a platform. It takes no tag: it tags each step's layer by what the step was
 * made of, which the platform is no part of.
 */
export function cacheRepository({ attrs }: RemoteCache, platform: Platform): string {
  return `${(attrs.ref ?? '').replace(/:([^/:]*)$/, '-$1')}-${platform.replaceAll('/', '-')}`;
}

/** Those of the values that name a cache. */
export function remoteCaches(values: readonly string[] = []): RemoteCache[] {
  return values.filter((value) => remoteCacheProblem(value) === undefined).map(parse);
}
