import { createdAnnotation, type LayoutIndex } from './layout-index.ts';
import type { Descriptor } from './manifest.ts';

/**
 * The finished images of incomplete builds are in the layout's index as lists without a name, each with the id and the
 * reference of its build. So garbage collection leaves their blobs, in every process, and other tools do not find them.
 */
const buildAnnotation = 'barnraiser.build';
const referenceAnnotation = 'barnraiser.reference';

/** Images are kept for this many builds at most, so that builds that fail again and again do not fill the disk. */
const maxKeptBuilds = 20;

/** The list of a build's finished images. */
export function findKept({ manifests }: LayoutIndex, buildId: string): Descriptor | undefined {
  return manifests.find((entry) => keptBuild(entry) === buildId);
}

/** A copy of the index in which a build keeps this list, instead of an earlier one. The oldest others may be dropped. */
export function withKept(index: LayoutIndex, buildId: string, reference: string, list: Descriptor): LayoutIndex {
  const annotations = { ...list.annotations, [buildAnnotation]: buildId, [referenceAnnotation]: reference };
  const others = withoutKept(index, [buildId]).manifests;
  const kept = others.filter((entry) => keptBuild(entry) !== undefined);
  const newest = new Set(kept.sort(byCreation).slice(-(maxKeptBuilds - 1)));
  return {
    ...index,
    manifests: [
      ...others.filter((entry) => keptBuild(entry) === undefined || newest.has(entry)),
      { ...list, annotations },
    ],
  };
}

export function withoutKept(index: LayoutIndex, buildIds: readonly string[]): LayoutIndex {
  const dropped = new Set(buildIds);
  return { ...index, manifests: index.manifests.filter((entry) => !dropped.has(keptBuild(entry) ?? '')) };
}

/** A copy of the index without the images of incomplete builds of a reference, which a complete list replaces. */
export function withoutKeptFor(index: LayoutIndex, reference: string): LayoutIndex {
  return {
    ...index,
    manifests: index.manifests.filter(({ annotations }) => annotations?.[referenceAnnotation] !== reference),
  };
}

function keptBuild({ annotations }: Descriptor): string | undefined {
  return annotations?.[buildAnnotation];
}

function byCreation(one: Descriptor, other: Descriptor): number {
  const created = ({ annotations }: Descriptor): string => annotations?.[createdAnnotation] ?? '';
  return created(one) < created(other) ? -1 : 1;
}
