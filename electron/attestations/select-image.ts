import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { StoredImage, StoredList } from '../images/stored-list.ts';

/** The image of a platform; without one, of this computer's, or else the first. @throws Failure `image.platform` */
export function selectImage(
  reference: string,
  { images }: Pick<StoredList, 'images'>,
  platform: Platform | undefined,
): StoredImage {
  const architecture = { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch;
  const wanted = platform ?? parsePlatform(`linux/${architecture}`);
  const image = images.find((each) => each.platform === wanted) ?? (platform ? undefined : images[0]);
  if (!image) {
    throw fail(
      'image.platform',
      `${reference} has no image for ${platform ?? 'any platform'}.`,
      images.length === 0 ? 'Build it again.' : `Choose one of ${images.map((each) => each.platform).join(', ')}.`,
    );
  }
  return image;
}
