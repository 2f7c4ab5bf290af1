import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { digestOf } from '../images/digest.ts';
import { type Descriptor, maxManifestBytes, mediaTypes, parseManifest } from '../images/manifest.ts';
import type { StoredManifest } from '../images/stored-manifest.ts';
import type { RegistryClient } from './client.ts';

/**
 * Makes attachments that name a subject findable by it. Registries without the referrers API need a tag that is named after
 * the subject and leads to an index of them. Call it when the attachments are in the registry.
 * Source: OCI distribution specification 1.1, "Pushing Manifests with Subject".
 */
export async function pushReferrers(client: RegistryClient, attachments: readonly StoredManifest[]): Promise<void> {
  const subjects = new Set(attachments.flatMap(({ subject }) => subject?.digest ?? []));
  for (const subject of subjects) {
    if (!(await client.hasReferrersApi(subject))) {
      const own = attachments.filter((attachment) => attachment.subject?.digest === subject);
      await updateReferrersTag(client, subject, own);
    }
  }
}

/** Adds attachments to the index under the tag of their subject. What others have listed there stays. */
async function updateReferrersTag(
  client: RegistryClient,
  subject: Digest,
  attachments: readonly StoredManifest[],
): Promise<void> {
  const tag = subject.replace(':', '-');
  const listed = await readReferrers(client, tag);
  const missing = attachments.filter(({ digest }) => !listed.some((other) => other.digest === digest));
  if (missing.length === 0) {
    return;
  }
  const manifests = [...listed, ...missing.map(descriptorOf)];
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  if (bytes.length > maxManifestBytes) {
    throw fail(
      'registry.refused',
      `The tag ${tag} in the registry lists too many attachments: another one does not fit.`,
      'Delete attachments of the image in the registry that are no longer needed.',
    );
  }
  await client.putManifest(tag, { digest: digestOf(bytes), mediaType: mediaTypes.ociIndex, bytes });
}

async function readReferrers(client: RegistryClient, tag: string): Promise<readonly Descriptor[]> {
  const existing = await client.getManifest(tag);
  if (!existing) {
    return [];
  }
  const manifest = parseManifest(existing.bytes);
  if (manifest.kind !== 'index') {
    throw fail(
      'registry.refused',
      `The tag ${tag} in the registry, which lists the attachments of an image, refers to something else.`,
      'Delete that tag, then push again.',
    );
  }
  return manifest.manifests;
}

function descriptorOf({ mediaType, digest, bytes, artifactType, config, annotations }: StoredManifest): Descriptor {
  return {
    mediaType,
    digest,
    size: bytes.length,
    artifactType: artifactType ?? config.mediaType,
    ...(annotations ? { annotations } : {}),
  };
}
