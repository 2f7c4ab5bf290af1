import { useMemo } from 'react';
import { useImages } from '../../stores/images.ts';
import { PlatformList } from '../images/PlatformList.tsx';
import { groupReferencesByLayer } from '../images/storage.ts';
import type { ImageSectionProps } from './section-props.ts';

/** The images of a list by platform, with their layers. */
export function PlatformsSection({ list }: ImageSectionProps) {
  const lists = useImages((state) => state.lists);
  const referencesByLayer = useMemo(() => groupReferencesByLayer(lists), [lists]);
  return <PlatformList list={list} referencesByLayer={referencesByLayer} heading="h2" />;
}
