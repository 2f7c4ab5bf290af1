import type { CallRequest } from '../../shared/contract.ts';
import { registryImageOf } from './copies.ts';
import type { ToAccess } from './edit-lists.ts';
import { openRepository } from './remote-image.ts';

/** The tags of a repository. @throws Failure `registry.*`, `reference.invalid` */
export async function listTags(
  { image, ...given }: CallRequest<'registry.tags'>,
  toAccess: ToAccess,
): Promise<{ tags: string[] }> {
  const client = await openRepository(registryImageOf(image), toAccess(given));
  try {
    return { tags: await client.listTags() };
  } finally {
    await client.close();
  }
}
