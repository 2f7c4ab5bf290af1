import type { Digest } from '../../shared/image.ts';
import type { AttachedManifest } from '../images/attached-manifests.ts';
import { digestOf } from '../images/digest.ts';
import { joinLayers, taggedLayers, taggedManifest } from '../images/tagged-manifest.ts';
import type { BlobSource } from './blob-source.ts';
import { bufferSource } from './buffer-source.ts';
import type { RegistryClient } from './client.ts';
import { pushReferrers } from './push-referrers.ts';

/**
 * Pushes what describes a list or its images: artifacts as referrers, and signatures by the tag of their subject, where those of others
 * stay. Call it when the images are in the registry, and before the tag of the list is.
 * @throws Failure `registry.*`, `image.*`
 */
export async function pushAttached(
  client: RegistryClient,
  blobs: BlobSource,
  attached: readonly AttachedManifest[],
  signal: AbortSignal,
): Promise<void> {
  for (const manifest of attached) {
    const { tag } = manifest.attached;
    await uploadMissing(client, blobs, [...manifest.layers, ...(tag === undefined ? [manifest.config] : [])], signal);
    if (tag === undefined) {
      await client.putManifest(manifest.digest, manifest);
    } else {
      await pushTagged(client, tag, manifest, signal);
    }
  }
  await pushReferrers(
    client,
    attached.filter((manifest) => manifest.attached.tag === undefined),
  );
}

async function pushTagged(
  client: RegistryClient,
  tag: string,
  manifest: AttachedManifest,
  signal: AbortSignal,
): Promise<void> {
  const existing = await client.getManifest(tag);
  const older = existing ? taggedLayers(existing) : [];
  const joined = taggedManifest(joinLayers(older, manifest.layers));
  if (existing?.digest === joined.digest) {
    return;
  }
  const config = bufferSource([joined.config]);
  await uploadMissing(client, config, [{ digest: digestOf(joined.config) }], signal);
  await client.putManifest(tag, joined);
}

async function uploadMissing(
  client: RegistryClient,
  blobs: BlobSource,
  parts: readonly { readonly digest: Digest }[],
  signal: AbortSignal,
): Promise<void> {
  for (const { digest } of parts) {
    if (!(await client.hasBlob(digest))) {
      await client.uploadBlob({ digest, blobs, onSent: () => undefined, signal });
    }
  }
}
