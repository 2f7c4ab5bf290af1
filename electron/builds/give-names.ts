import type { BuildRequest } from '../../shared/build.ts';
import { otherNames } from '../../shared/further-pushes.ts';
import { tagImage } from '../images/image-names.ts';
import type { ImageStore } from '../images/image-store.ts';

/** Gives the stored image of a build its further names, which other images lose. @throws Failure `disk.full`, `settings.locked` */
export async function giveNames(
  store: ImageStore,
  request: Pick<BuildRequest, 'reference' | 'furtherNames'>,
): Promise<void> {
  for (const name of otherNames(request)) {
    await tagImage(store, request.reference, name);
  }
}
