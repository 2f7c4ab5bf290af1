import { useCallback, useRef, useState } from 'react';
import { type Build, isCancelling, type Job } from '../../../shared/build.ts';
import { formatReferenceShort, pluralText } from '../../../shared/format.ts';
import { isGitUrl } from '../../../shared/git-url.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { lazyPart } from '../../parts/lazy-part.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { MiddleEllipsis } from '../../parts/MiddleEllipsis.tsx';
import { Page } from '../../parts/Page.tsx';
import { PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { Clock } from '../../parts/Quantity.tsx';
import { useWatchOf } from '../../stores/automation.ts';
import { removeBuild, useBuilds } from '../../stores/builds.ts';
import { navigate, openSheet } from '../../stores/navigation.ts';
import { resumeAndOpen } from '../../stores/resume.ts';
import { Announcements } from './Announcements.tsx';
import { useActivitySampling } from './activity.ts';
import styles from './BuildDetail.module.css';
import {
  copyToClipboard,
  isIncomplete,
  openRebuildSheet,
  ownRequest,
  retryAndOpen,
  watchAndShow,
} from './build-actions.ts';
import { DirectResult } from './DirectResult.tsx';
import { Failures } from './Failures.tsx';
import { isListMissing, isPushing } from './headline.ts';
import { PlatformGrid } from './PlatformGrid.tsx';
import { PushIncomplete } from './PushIncomplete.tsx';
import { Result } from './Result.tsx';
import { Summary } from './Summary.tsx';
import { useBuildCommands } from './use-build-commands.ts';
import { useCancel } from './use-cancel.tsx';
import { useContainerfileSource } from './use-containerfile-source.ts';
import { Warnings } from './Warnings.tsx';
import { Waterfall } from './Waterfall.tsx';

const EquivalentDialog = lazyPart(async () => (await import('./EquivalentDialog.tsx')).EquivalentDialog);
const BuildOutputs = lazyPart(async () => (await import('../outputs/BuildOutputs.tsx')).BuildOutputs);
const ScheduleDialog = lazyPart(async () => (await import('../schedules/ScheduleDialog.tsx')).ScheduleDialog);

/** So much of the name and tag stays visible when the reference does not fit, in characters. */
const maxNameEnd = 28;

/** One build, running or ended: its platforms, failures, result and steps. */
export function BuildDetail({ build }: { build: Build }) {
  const source = useContainerfileSource(build.id);
  const packing = useBuilds((state) => state.packing[build.id]);
  const { cancel, isRequested, dialog } = useCancel(build);
  const [isDeleting, setDeleting] = useState(false);
  const [isTelling, setTelling] = useState(false);
  const [isScheduling, setScheduling] = useState(false);
  const isWatched = useWatchOf(build.request) !== undefined;
  useActivitySampling(build.id, build.status === 'running');
  // memoized cells render again only if their job changes, so the callbacks they get must be stable
  const latestCancel = useRef(cancel);
  latestCancel.current = cancel;
  const cancelJob = useCallback((job: Job) => latestCancel.current(job), []);
  const openDeleteDialog = useCallback(() => setDeleting(true), []);
  const openEquivalents = useCallback(() => setTelling(true), []);
  const cancelAll = useCallback(() => latestCancel.current(), []);
  useBuildCommands(build, { cancel: cancelAll, openDeleteDialog, openEquivalents });

  const packed = build.context ?? (packing?.done ? packing : undefined);
  const contextBytes = packed?.tarBytes ?? packed?.bytes;
  const shortReference = formatReferenceShort(build.reference);
  const isRunning = build.status === 'running';
  const canRetry = isIncomplete(build) || isListMissing(build);
  const retryAllLabel = isListMissing(build)
    ? 'Retry push'
    : build.status === 'cancelled'
      ? 'Retry cancelled platforms'
      : 'Retry failed platforms';
  return (
    <Page
      layout="full"
      title={<MiddleEllipsis text={build.reference} keepEnd={Math.min(maxNameEnd, shortReference.length + 1)} />}
      note={<Status build={build} />}
      actions={
        <>
          {isRunning ? (
            <Button busy={isRequested || isCancelling(build)} busyLabel="Cancelling…" onClick={() => cancel()}>
              Cancel
            </Button>
          ) : build.status === 'interrupted' ? (
            <Button kind="primary" icon="play" onClick={() => resumeAndOpen(build.id)}>
              Resume
            </Button>
          ) : (
            <Button icon="refresh" onClick={() => (canRetry ? retryAndOpen(build.id) : openRebuildSheet(build.id))}>
              {canRetry ? retryAllLabel : 'Rebuild…'}
            </Button>
          )}
          {canRetry && !build.list && !build.push?.direct && <PushIncomplete build={build} />}
          {build.list && build.status !== 'interrupted' && (
            <Button kind="primary" icon="push" onClick={() => openSheet({ sheet: 'push', reference: build.reference })}>
              Push…
            </Button>
          )}
          <Menu
            trigger={<IconButton icon="more" label="More about this build" />}
            items={[
              ...(canRetry || build.status === 'interrupted'
                ? [{ label: 'Rebuild…', icon: 'refresh' as const, run: () => openRebuildSheet(build.id) }]
                : []),
              { label: 'Copy id', icon: 'copy', hint: build.id, run: () => copyToClipboard(build.id, 'id') },
              { label: 'Copy reference', icon: 'copy', run: () => copyToClipboard(build.reference, 'reference') },
              {
                label: 'Rebuild when files change',
                icon: 'eye',
                disabled: isWatched || isGitUrl(build.request.context),
                ...(isWatched ? { hint: 'It is watched already' } : {}),
                run: () => watchAndShow(build),
              },
              { label: 'Schedule…', icon: 'clock', run: () => setScheduling(true) },
              { label: 'Same command elsewhere…', icon: 'log', run: openEquivalents },
              {
                label: 'Show all builds of this project',
                icon: 'builds',
                run: () => navigate({ view: 'builds', project: build.request.context }),
              },
              'separator',
              {
                label: 'Delete build…',
                icon: 'trash',
                danger: true,
                disabled: isRunning,
                ...(isRunning ? { hint: 'Cancel the build first' } : {}),
                run: openDeleteDialog,
              },
            ]}
          />
        </>
      }
    >
      <div className={styles.page}>
        <Summary build={build} packing={packing} />
        <PlatformGrid build={build} contextBytes={contextBytes} onCancel={cancelJob} />
        <Failures build={build} source={source} />
        <Warnings build={build} source={source} />
        {build.list && <Result build={build} list={build.list} />}
        {build.outputs && <BuildOutputs build={build} />}
        {build.push?.direct && !isRunning && <DirectResult build={build} push={build.push} />}
        <Waterfall build={build} source={source} />
      </div>
      <Announcements build={build} />
      {dialog}
      {isScheduling && <ScheduleDialog of={{ request: ownRequest(build) }} onClose={() => setScheduling(false)} />}
      {isTelling && <EquivalentDialog open build={{ id: build.id }} onClose={() => setTelling(false)} />}
      <DeleteBuildDialog build={build} open={isDeleting} onClose={() => setDeleting(false)} />
    </Page>
  );
}

function Status({ build }: { build: Build }) {
  const { status, createdAt, resumedAt, durationMs } = build;
  const isRunning = status === 'running';
  const runningPhase = isCancelling(build) ? 'cancelling' : 'building';
  const phase = isRunning ? runningPhase : status;
  return (
    <span className={styles.status}>
      <PhaseBadge filled phase={phase} word={isPushing(build) ? 'Pushing' : undefined} />
      {(isRunning || durationMs !== undefined) && (
        <span className={styles.clock}>
          <Clock since={resumedAt ?? createdAt} ms={durationMs} />
        </span>
      )}
    </span>
  );
}

function DeleteBuildDialog({ build, open, onClose }: { build: Build; open: boolean; onClose: () => void }) {
  const logs = build.jobs.filter(({ startedAt }) => startedAt !== undefined).length;
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={`Delete this build of ${formatReferenceShort(build.reference)}?`}
      description={
        build.list
          ? `The image ${formatReferenceShort(build.reference)} stays in local storage.`
          : 'It will be removed from the history.'
      }
      losses={[
        ...(isIncomplete(build) && !build.list && !build.push?.direct
          ? ['Its finished images, which a retry would use']
          : []),
        pluralText(logs, 'Its log', `Its ${logs} logs`),
        'Its step times and outcome, which later builds are compared with',
      ]}
      action="Delete build"
      onConfirm={async () => {
        await removeBuild(build.id);
        navigate({ view: 'builds' });
      }}
    />
  );
}
