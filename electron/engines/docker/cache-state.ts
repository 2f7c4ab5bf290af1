import { z } from 'zod';
import type { EngineApi } from '../api/engine-api.ts';
import { base64Url } from '../api/image-requests.ts';
import { listLastingIds } from '../buildkit/cache-records.ts';
import type { BuildCache, CacheQuery, CacheState } from '../engine.ts';
import { type ImageName, isSameName, readImageName } from '../image-name.ts';
import type { RegistryLogin } from '../registry-login.ts';
import { dockerCacheRecords } from './build-cache.ts';

const imagesSchema = z.array(
  z.object({
    Id: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    RepoDigests: z.array(z.string()).nullish(),
  }),
);
type Images = z.infer<typeof imagesSchema>;

const distributionSchema = z.object({ Descriptor: z.object({ digest: z.string() }) });

/** More records than this are not remembered. */
const maxRecords = 5000;

/**
 * What BuildKit's cache depends on. Nothing tells which of its records a build needs, so all of them count. A base image is what
 * docker's image storage has under its name, or else what its registry has: BuildKit looks it up for every build.
 */
export function dockerCache(docker: EngineApi): BuildCache {
  return {
    read: async (query, asksRegistry, signal) => {
      const [images, records] = await Promise.all([
        listImages(docker, signal),
        query.items.length === 0 ? [] : listLastingIds(dockerCacheRecords(docker)),
      ]);
      const existing = new Set(records);
      const items = query.items.filter((item) => existing.has(item));
      const local = localState(images, query);
      const unknown = query.bases.filter(({ name }) => local.bases[name] === undefined);
      const looked = asksRegistry
        ? await lookUp(
            docker,
            unknown.map(({ name }) => name),
            query,
            signal,
          )
        : {};
      return { ...local, bases: { ...local.bases, ...looked }, items };
    },
    used: async (query, before, { digests }, signal) => {
      const [images, items] = await Promise.all([
        listImages(docker, signal),
        listLastingIds(dockerCacheRecords(docker)),
      ]);
      const local = localState(images, query);
      const reported = [...digests].map(([text, digest]) => ({ name: readImageName(text), digest }));
      const bases: Record<string, string> = {};
      for (const { name } of query.bases) {
        const wanted = readImageName(name);
        const found = new Set(
          reported.flatMap((base) => (wanted && base.name && isSameName(wanted, base.name) ? [base.digest] : [])),
        );
        const [digest] = found;
        const id = local.bases[name] === before.bases[name] ? local.bases[name] : undefined;
        const value = found.size < 2 ? (digest ?? id) : undefined;
        if (value === undefined) {
          return undefined;
        }
        bases[name] = value;
      }
      return items.length > maxRecords ? undefined : { ...local, bases, items };
    },
  };
}

async function listImages(docker: EngineApi, signal: AbortSignal): Promise<Images> {
  return docker.requestJson('list its images', imagesSchema, { method: 'GET', path: 'images/json', signal });
}

/**
 * The bases that need no registry: those that are named by digest, and those in docker's image storage, unless the policy wants
 * them to be pulled. With containerd's image store, whose images have the ids of their manifests, BuildKit asks the registry first.
 */
function localState(images: Images, { bases, pull, image }: CacheQuery): Omit<CacheState, 'items'> {
  const idOf = (wanted: ImageName | undefined): string | undefined =>
    images.find(({ RepoTags }) =>
      (RepoTags ?? []).some((tag) => {
        const name = readImageName(tag);
        return wanted && name && isSameName(wanted, name);
      }),
    )?.Id;
  const inImageStorage = images.filter(({ Id, RepoDigests }) => RepoDigests?.every((name) => !name.endsWith(`@${Id}`)));
  const found: Record<string, string> = {};
  for (const { name } of bases) {
    const wanted = readImageName(name);
    const id = pull === 'missing' ? idOf(wanted) : undefined;
    const isStored = id !== undefined && inImageStorage.some(({ Id }) => Id === id);
    const digest = wanted?.version.startsWith('@') ? wanted.version.slice(1) : undefined;
    const value = digest ?? (isStored ? id : undefined);
    if (value !== undefined) {
      found[name] = value;
    }
  }
  const imageId = image === undefined ? undefined : idOf(readImageName(image));
  return { bases: found, ...(imageId === undefined ? {} : { image: imageId }) };
}

/** The digests that registries have for names now, as docker on the node sees them. Names that cannot be looked up are left out. */
async function lookUp(
  docker: EngineApi,
  names: readonly string[],
  query: CacheQuery,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const logins = names.length === 0 ? [] : await query.logins();
  const found = await Promise.all(
    names.map(async (name) => {
      const path = `distribution/${name}/json`;
      const headers = loginHeaders(name, logins);
      const answer = docker.requestJson('look up an image', distributionSchema, {
        method: 'GET',
        path,
        headers,
        signal,
      });
      return answer.then(({ Descriptor }) => [[name, Descriptor.digest]]).catch(() => []);
    }),
  );
  return Object.fromEntries(found.flat());
}

function loginHeaders(name: string, logins: readonly RegistryLogin[]): Record<string, string> {
  const registry = readImageName(name)?.registry ?? 'docker.io';
  const login = logins.find((each) => each.registry === registry);
  if (!login) {
    return {};
  }
  const { credentials } = login;
  const auth = 'identityToken' in credentials ? { identitytoken: credentials.identityToken } : credentials;
  return { 'X-Registry-Auth': base64Url(JSON.stringify({ ...auth, serveraddress: registry })) };
}
