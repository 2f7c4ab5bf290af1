/** Image: all that is known of one image in local storage, in sections. */

import { useState } from 'react';
import { formatCount, formatPlatform, formatReferenceShort } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { Button } from '../../parts/Button.tsx';
import { classes } from '../../parts/classes.ts';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { MiddleEllipsis } from '../../parts/MiddleEllipsis.tsx';
import { Page } from '../../parts/Page.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { Select } from '../../parts/Select.tsx';
import { Tabs } from '../../parts/Tabs.tsx';
import { useImage, useImages } from '../../stores/images.ts';
import { navigate, replaceView } from '../../stores/navigation.ts';
import { ImageActions, type ImageDialog } from '../images/ImageActions.tsx';
import styles from './Image.module.css';
import { imageSections } from './sections.ts';

/** So much of the name and tag stays visible when the reference does not fit, in characters. */
const maxNameEnd = 28;
const panelId = 'image-section';

export interface ImageViewProps {
  readonly reference: string;
  readonly section?: string | undefined;
  readonly platform?: Platform | undefined;
}

export function ImageView({ reference, section: wantedSection, platform: wantedPlatform }: ImageViewProps) {
  const list = useImage(reference);
  const isLoaded = useImages((state) => state.loaded);
  const [dialog, setDialog] = useState<ImageDialog>();
  const [sectionId, part] = wantedSection?.split(/-(.*)/s) ?? [];
  const section = imageSections.find(({ id }) => id === sectionId) ?? imageSections[0];
  const toImages = (): void => navigate({ view: 'images', reference });
  const platforms = list?.entries.map((entry) => entry.platform) ?? [];
  const platform = platforms.find((each) => each === wantedPlatform) ?? platforms[0];
  const short = formatReferenceShort(reference);
  if (!list || !section || platform === undefined) {
    return (
      <Page title={reference} layout="full">
        {isLoaded && (
          <EmptyState
            icon="images"
            title={`${reference} is not in local storage`}
            actions={<Button onClick={() => navigate({ view: 'images' })}>Show images</Button>}
          >
            It was deleted or never built on this computer.
          </EmptyState>
        )}
      </Page>
    );
  }
  const show = (next: { section?: string; platform?: Platform }): void =>
    replaceView({ view: 'image', reference, section: wantedSection ?? section.id, platform: wantedPlatform, ...next });
  return (
    <Page
      layout="full"
      before={<IconButton icon="chevron-left" label="Back to images" onClick={toImages} />}
      title={<MiddleEllipsis text={reference} keepEnd={Math.min(maxNameEnd, short.length + 1)} />}
      note={
        <>
          {formatCount(platforms.length, 'platform')} · <RelativeTime time={list.createdAt} />
        </>
      }
      actions={
        <ImageActions
          list={list}
          openDialog={dialog}
          setOpenDialog={setDialog}
          onDeleted={() => replaceView({ view: 'images' })}
        />
      }
    >
      <div className={styles.bar}>
        <Tabs
          label="Sections"
          value={section.id}
          options={imageSections}
          panelId={panelId}
          onChoose={(id) => show({ section: id })}
        />
        {section.hasPlatform && platforms.length > 1 && (
          <Select
            label="Platform"
            hideLabel
            value={platform}
            options={platforms.map((value) => ({ value, label: formatPlatform(value) }))}
            onChange={(value) => show({ platform: value })}
          />
        )}
      </div>
      <div
        id={panelId}
        role="tabpanel"
        aria-label={section.label}
        className={classes(styles.panel, !section.isFull && styles.scrolling)}
      >
        <section.Part key={section.id} reference={reference} platform={platform} list={list} part={part} />
      </div>
    </Page>
  );
}
