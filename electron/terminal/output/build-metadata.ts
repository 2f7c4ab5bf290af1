import type { Build } from '../../../shared/build.ts';

/** What was built, for programs. The names with `containerimage` and `image` are those of the metadata of docker buildx. */
export function buildMetadata({ id, reference, list, push, jobs }: Build): Record<string, unknown> {
  const digest = list?.digest ?? push?.digest;
  return {
    'barnraiser.build': id,
    'image.name': push?.destination ?? reference,
    'containerimage.digest': digest,
    ...(list ? { 'containerimage.descriptor': { mediaType: list.mediaType, digest: list.digest } } : {}),
    'barnraiser.platforms': Object.fromEntries(
      jobs.map(({ platform, node, mode, digest: image, size, skipped, durationMs }) => [
        platform,
        { 'containerimage.digest': image, size, node, mode, skipped: skipped ?? false, durationMs },
      ]),
    ),
  };
}
