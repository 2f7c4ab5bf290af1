import type { CallRequest } from '../../shared/contract.ts';
import { formatRegistryImage } from '../../shared/image-location.ts';
import { fail } from '../../shared/problem.ts';
import { RegistryClient } from './client.ts';
import { registryImageOf } from './copies.ts';
import type { CredentialSource } from './credential-source.ts';

/**
 * Deletes a tag in a registry, or by digest an image with all of its tags. A tag is never deleted by way of its digest: others may
 * refer to it.
 * @throws Failure `registry.*`, `reference.invalid`; the reason of the signal
 */
export async function deleteImage(
  { image: text, tlsVerify }: CallRequest<'registries.delete'>,
  credentials: CredentialSource,
  signal: AbortSignal,
): Promise<{ readonly deleted: string }> {
  const image = registryImageOf(text);
  const { registry, repository, digest, tag } = image;
  const client = await RegistryClient.open({ registry, repository, access: 'delete', credentials, tlsVerify, signal });
  try {
    const name = digest ?? tag ?? 'latest';
    const found = await client.getManifestDigest(name);
    if (found === undefined) {
      throw fail('registry.unknown', `There is no ${formatRegistryImage(image)} in the registry.`, 'Check its name.');
    }
    if (!(await client.deleteManifest(name))) {
      throw fail(
        'registry.refused',
        `The registry ${registry} deletes no tags alone.`,
        found === 'unreadable'
          ? 'Delete the image by its digest, with all of its tags.'
          : `Delete the image with all of its tags: ${registry}/${repository}@${found}.`,
      );
    }
    return { deleted: formatRegistryImage(image) };
  } finally {
    await client.close();
  }
}
