/** A bake: its images as rows, their platforms as columns. */
import { useState } from 'react';
import type { Bake, BakedImage, ImageStatus } from '../../../shared/bake.ts';
import { formatCount, formatReferenceShort } from '../../../shared/format.ts';
import { currentStep } from '../../../shared/step.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Page } from '../../parts/Page.tsx';
import { type DisplayPhase, PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useBake } from '../../stores/bakes.ts';
import { useBuilds, useOpenBuild } from '../../stores/builds.ts';
import { hrefOf, navigate } from '../../stores/navigation.ts';
import { toastProblem } from '../../stores/toasts.ts';
import styles from './bake.module.css';

export function BakeView({ id }: { id: string }) {
  const { bake, problem } = useBake(id);
  if (bake) {
    return <BakePage bake={bake} />;
  }
  return (
    <Page title="Images">
      {problem ? (
        <EmptyState
          icon="builds"
          title={problem.message}
          actions={
            <Button kind="primary" onClick={() => navigate({ view: 'builds' })}>
              Show all builds
            </Button>
          }
        >
          {problem.fix}
        </EmptyState>
      ) : (
        <Waiting>Loading images</Waiting>
      )}
    </Page>
  );
}

function BakePage({ bake }: { bake: Bake }) {
  const { id, images, status, project } = bake;
  const [isBusy, setBusy] = useState(false);
  const platforms = usePlatforms(images);
  const done = images.filter((image) => image.status === 'done').length;

  function act(action: () => Promise<unknown>): void {
    setBusy(true);
    action()
      .catch(toastProblem)
      .finally(() => setBusy(false));
  }

  return (
    <Page
      title={`${formatCount(images.length, 'image')} of ${project.split('/').at(-1)}`}
      note={`${done} of ${images.length} done`}
      actions={
        status === 'running' ? (
          <Button busy={isBusy} onClick={() => act(() => call('bakes.cancel', { id }))}>
            Cancel
          </Button>
        ) : (
          status !== 'done' && (
            <Button
              kind="primary"
              busy={isBusy}
              onClick={() => act(async () => navigate({ view: 'bake', id: (await call('bakes.retry', { id })).id }))}
            >
              Retry what is missing
            </Button>
          )
        )
      }
    >
      <div className={styles.scroll}>
        <table className={styles.grid} aria-label="Images by platform">
          <thead>
            <tr>
              <th scope="col">Image</th>
              <th scope="col">Status</th>
              {platforms.map((platform) => (
                <th key={platform} scope="col">
                  {platform}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {images.map((image) => (
              <ImageRow key={image.name} image={image} images={images} platforms={platforms} />
            ))}
          </tbody>
        </table>
      </div>
    </Page>
  );
}

/** The platforms of all builds, each once. */
function usePlatforms(images: readonly BakedImage[]): string[] {
  const all = useBuilds(({ byId }) =>
    images
      .flatMap(({ build }) => (build === undefined ? [] : (byId[build]?.jobs ?? [])))
      .map(({ platform }) => platform)
      .join(' '),
  );
  return [...new Set(all.split(' ').filter(Boolean))];
}

const phases: Readonly<Record<ImageStatus, { readonly phase: DisplayPhase; readonly word: string }>> = {
  waiting: { phase: 'waiting', word: 'Waiting' },
  running: { phase: 'running', word: 'Building' },
  done: { phase: 'done', word: 'Done' },
  failed: { phase: 'failed', word: 'Failed' },
  cancelled: { phase: 'cancelled', word: 'Cancelled' },
  blocked: { phase: 'warning', word: 'Not built' },
  interrupted: { phase: 'interrupted', word: 'Interrupted' },
};

interface ImageRowProps {
  readonly image: BakedImage;
  readonly images: readonly BakedImage[];
  readonly platforms: readonly string[];
}

function ImageRow({ image, images, platforms }: ImageRowProps) {
  const { build } = useOpenBuild(image.build);
  const { phase, word } = phases[image.status];
  const waits = image.dependsOn.filter((name) => images.find((other) => other.name === name)?.status !== 'done');
  return (
    <tr>
      <th scope="row">
        {image.build === undefined ? image.name : <a href={hrefOf({ view: 'build', id: image.build })}>{image.name}</a>}
        <div className={styles.reference}>{formatReferenceShort(image.reference)}</div>
      </th>
      <td>
        <PhaseBadge phase={phase} word={image.isReused ? 'Kept' : word} />
        {image.status === 'waiting' && waits.length > 0 && <div className={styles.note}>for {waits.join(', ')}</div>}
        {image.problem && <div className={styles.note}>{image.problem.message}</div>}
      </td>
      {platforms.map((platform) => {
        const job = build?.jobs.find((each) => each.platform === platform);
        const step = job?.status === 'building' ? currentStep(job) : undefined;
        return (
          <td key={platform}>
            {job && <PhaseBadge phase={job.status} />}
            {step && (
              <div className={styles.note}>
                {step.index}/{step.total}
              </div>
            )}
          </td>
        );
      })}
    </tr>
  );
}
