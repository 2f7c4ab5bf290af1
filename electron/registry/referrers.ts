/** What describes a manifest in a registry. Source: OCI distribution specification 1.1, "Listing Referrers", "Listing Tags". */
import { z } from 'zod';
import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { type Descriptor, maxManifestBytes, mediaTypes, parseManifest, type RawManifest } from '../images/manifest.ts';
import { discardBody, type HttpResponse, headerOf } from './http.ts';
import type { RegistrySession } from './session.ts';

const maxPages = 200;
const maxTags = 100_000;
/** Of one manifest. */
const maxReferrers = 1_000;

/** The tag that leads to what describes a manifest, in registries that do not list it by themselves. */
export function referrersTag(digest: Digest): string {
  return digest.replace(':', '-');
}

/**
 * The manifests that describe another one: by the registry's own list, or by the tag that stands in for it. Empty if there is
 * neither.
 * @param getManifest reads a manifest by its tag
 * @throws Failure `registry.*`, `image.corrupt`
 */
export async function readReferrers(
  session: RegistrySession,
  digest: Digest,
  getManifest: (tag: string) => Promise<RawManifest | undefined>,
): Promise<readonly Descriptor[]> {
  const found: Descriptor[] = [];
  const accept = mediaTypes.ociIndex;
  for await (const { response, bytes } of pagesOf(session, session.url(`referrers/${digest}`), accept)) {
    const type = headerOf(response, 'content-type')?.split(';')[0]?.trim();
    if (response.status !== 200 || type !== mediaTypes.ociIndex) {
      await discardBody(response);
      return entriesOf(await getManifest(referrersTag(digest)));
    }
    const index = parseManifest(bytes, mediaTypes.ociIndex);
    found.push(...(index.kind === 'index' ? index.manifests : []));
    if (found.length > maxReferrers) {
      throw tooManyFailure(session, `${maxReferrers} attachments of ${digest}`);
    }
  }
  return found;
}

function entriesOf(manifest: RawManifest | undefined): readonly Descriptor[] {
  const index = manifest && parseManifest(manifest.bytes, manifest.mediaType);
  return index?.kind === 'index' ? index.manifests : [];
}

const tagsSchema = z.looseObject({
  tags: z
    .array(z.string().max(128))
    .nullish()
    .transform((tags) => tags ?? []),
});

/** The tags of the repository, as the registry sorts them. @throws Failure `registry.*` */
export async function readTags(session: RegistrySession): Promise<string[]> {
  const tags: string[] = [];
  const first = session.url('tags/list');
  first.searchParams.set('n', '1000');
  for await (const { response, bytes } of pagesOf(session, first, 'application/json')) {
    if (response.status !== 200) {
      throw await session.failureOf(response, `the request for the tags of ${session.repository}`);
    }
    const parsed = tagsSchema.safeParse(parseJson(bytes));
    if (!parsed.success) {
      throw fail(
        'registry.refused',
        `The registry ${session.registry} returned something else than a list of tags.`,
        'Check that no proxy changes its answers.',
        sanitizeLine(z.prettifyError(parsed.error), 300),
      );
    }
    tags.push(...parsed.data.tags.filter((tag) => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(tag)));
    if (tags.length > maxTags) {
      throw tooManyFailure(session, `${maxTags} tags of ${session.repository}`);
    }
  }
  return [...new Set(tags)];
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The responses for all pages of a list. The next page must be on the same server. */
async function* pagesOf(
  session: RegistrySession,
  first: URL,
  accept: string,
): AsyncGenerator<{ readonly response: HttpResponse; readonly bytes: Buffer }> {
  let url: URL | undefined = first;
  const seen = new Set<string>();
  while (url) {
    if (seen.has(url.href)) {
      throw fail(
        'registry.refused',
        `The registry ${session.registry} lists pages that lead back to ${sanitizeLine(url.pathname, 200)}.`,
        'Check that no proxy changes its answers, or ask its administrator.',
      );
    }
    if (seen.size >= maxPages) {
      throw tooManyFailure(session, `${maxPages} pages of ${first.pathname}`);
    }
    seen.add(url.href);
    const page: { readonly response: HttpResponse; readonly bytes: Buffer } = await session.read(
      { method: 'GET', url, headers: { accept }, isOptional: false },
      maxManifestBytes,
    );
    const next: string | undefined = /<([^>]+)>\s*;\s*rel="?next"?/.exec(headerOf(page.response, 'link') ?? '')?.[1];
    yield page;
    const followed: URL | undefined = next && URL.canParse(next, url.href) ? new URL(next, url) : undefined;
    url = followed?.origin === first.origin ? followed : undefined;
  }
}

function tooManyFailure(session: RegistrySession, what: string) {
  return fail(
    'registry.refused',
    `The registry ${session.registry} lists more than ${what}.`,
    "Ask the registry's administrator to remove what is no longer needed.",
  );
}
