import { useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';
import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import { formatCount, formatPlatform, formatReferenceShort } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { currentStep } from '../../../shared/step.ts';
import { wordOf } from '../../../shared/words.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { isFlag, remembered, rememberValue, useRemembered } from '../../stores/memory.ts';
import { openLog, openLogWindow, replaceView } from '../../stores/navigation.ts';
import { updateSettings, useSettings } from '../../stores/settings.ts';
import { toastProblem } from '../../stores/toasts.ts';
import { closeAllSearch } from './all-search.ts';
import { EmptyLog } from './EmptyLog.tsx';
import { LineDialog } from './LineDialog.tsx';
import styles from './Log.module.css';
import type { LineMarks } from './LogBlock.tsx';
import { type HeaderActions, LogHeader } from './LogHeader.tsx';
import { LogLines, type LogLinesHandle } from './LogLines.tsx';
import { LogOverlay } from './LogOverlay.tsx';
import { LogSearchBar } from './LogSearchBar.tsx';
import { handleLogKey } from './log-keys.ts';
import { loggedSteps, stepIndexAt } from './logged-steps.ts';
import { SearchResults } from './SearchResults.tsx';
import { StepNavigation } from './StepNavigation.tsx';
import { useCopyAndSave } from './use-copy-and-save.ts';
import { useFind } from './use-find.ts';
import { useFolds } from './use-folds.ts';
import { useFollow } from './use-follow.ts';
import { useLineSelection } from './use-line-selection.ts';
import { useLogCommands } from './use-log-commands.ts';
import { useLogPosition } from './use-log-position.ts';
import { useLogSource } from './use-log-source.ts';
import { WrappedLines } from './WrappedLines.tsx';

/** Whether long lines are wrapped. */
const wrapMemory = remembered('log.wrap', isFlag, false);

export interface LogViewProps {
  readonly build: Build;
  readonly job: Job;
  /** The line to open at, counted from 0. Without it, the log opens at its end and follows it. */
  readonly line: number | undefined;
  readonly isOwnWindow: boolean;
  readonly onClose: () => void;
}

/** The log of a job: header, search bar, step navigation and lines. */
export function LogView({ build, job, line: initialLine, isOwnWindow, onClose }: LogViewProps) {
  const { platform } = job;
  const isLive = !isEnd(job.status);
  const panelId = useId();
  const source = useLogSource(build.id, platform, isLive);
  const { total } = source;
  const steps = useMemo(() => loggedSteps(job.steps), [job.steps]);
  const hasTimes = useSettings(({ settings }) => settings.logTimes ?? false);
  const isWrapped = useRemembered(wrapMemory);
  const Lines = isWrapped ? WrappedLines : LogLines;

  const listRef = useRef<LogLinesHandle>(null);
  const folds = useFolds(steps, total);
  const { isFollowing, setFollowing, newLineCount } = useFollow(source, initialLine === undefined);
  const position = useLogPosition({ source, steps, listRef, folds, setFollowing, initialLine });
  const { topLine, stepIndex, scrollTo, goTo, goToStep } = position;
  const selection = useLineSelection();
  const copyAndSave = useCopyAndSave({ source, build, job, steps });
  const [openedLine, setOpenedLine] = useState<number>();

  const [markedLine, setMarkedLine] = useState(initialLine);
  useEffect(() => {
    if (initialLine !== undefined) {
      setMarkedLine(initialLine);
    }
  }, [initialLine]);
  const onMatch = useCallback(
    (line: number) => {
      setMarkedLine(line);
      goTo(line, 'nearest');
    },
    [goTo],
  );
  const find = useFind({
    build,
    source,
    topLine,
    onMatch,
    onOtherMatch: ({ platform: other, line }) => showLog(other, line),
    onClose: () => listRef.current?.focus(),
  });
  const marks = useMemo<LineMarks>(
    () => ({ line: markedLine, pattern: find.pattern, selected: selection.range }),
    [markedLine, find.pattern, selection.range],
  );

  function showLog(next: Platform, line?: number): void {
    const at = line === undefined ? {} : { line };
    if (isOwnWindow) {
      replaceView({ view: 'log', id: build.id, platform: next, ...at });
    } else {
      openLog({ id: build.id, platform: next, ...at });
    }
  }

  const { toggle } = folds;
  const onToggle = useCallback(
    (line: number) => {
      setFollowing(false);
      toggle(line);
      if (topLine.current > line) {
        scrollTo(line, 'start');
      }
    },
    [setFollowing, toggle, topLine, scrollTo],
  );

  const name = `${formatReferenceShort(build.reference)} ${formatPlatform(platform)}`;
  const actions = useStableActions({
    choosePlatform: showLog,
    find: find.open,
    foldAll: () => {
      setFollowing(false);
      folds.toggleAll();
    },
    toggleTimes: () => {
      updateSettings({ logTimes: !hasTimes }).catch(toastProblem);
    },
    toggleWrap: () => {
      rememberValue(wrapMemory, !isWrapped);
      if (!isFollowing) {
        scrollTo(topLine.current, 'start');
      }
    },
    copyAll: copyAndSave.copyAll,
    save: copyAndSave.save,
    cancelSave: copyAndSave.cancelSave,
    openWindow: () => openLogWindow({ id: build.id, platform }),
    close: () => {
      closeAllSearch();
      onClose();
    },
  });
  const hasFolds = folds.folded.size > 0;
  useLogCommands({ name, hasFolds, hasTimes, isWrapped, actions, setFollowing });
  useEffect(() => {
    if (isOwnWindow) {
      document.title = `Log of ${name}`;
    }
  }, [isOwnWindow, name]);

  return (
    <section className={styles.panel} aria-label={`Log of ${name}`}>
      <LogHeader
        reference={build.reference}
        jobs={build.jobs}
        platform={platform}
        panelId={panelId}
        isOwnWindow={isOwnWindow}
        hasLines={total > 0}
        hasSteps={steps.length > 0}
        hasFolds={hasFolds}
        hasTimes={hasTimes}
        isWrapped={isWrapped}
        savedShare={copyAndSave.savedShare}
        actions={actions}
      />
      {find.isOpen && (
        <LogSearchBar
          ref={find.inputRef}
          text={find.text}
          onText={find.setText}
          search={find.search}
          matchIndex={find.matchIndex}
          onStep={find.step}
          isAll={build.jobs.length > 1 ? find.isAll : undefined}
          onAll={find.setAll}
          onClose={find.close}
        />
      )}
      <div className={styles.beside}>
        {find.isAll && <SearchResults pattern={find.pattern} onOpen={find.openMatch} />}
        <div id={panelId} role="tabpanel" aria-label={`${platform} on ${job.node}`} className={styles.content}>
          {source.problem && (
            <div className={styles.problem}>
              <ProblemNote problem={source.problem} actions={<Button onClick={() => source.refresh()}>Retry</Button>} />
            </div>
          )}
          {total === 0 ? (
            !source.problem && <EmptyLog job={job} isLoaded={source.isLoaded} />
          ) : (
            <>
              <div className={styles.stepBar}>
                <StepNavigation
                  steps={steps}
                  current={stepIndex}
                  isLive={isLive}
                  isFolded={folds.folded.has(steps[stepIndex]?.firstLine ?? -1)}
                  onStep={goToStep}
                  onGo={goTo}
                  onToggle={onToggle}
                />
                <span className={styles.grow} />
                <span className={styles.total}>{formatCount(total, 'line')}</span>
                {isLive && (
                  <button
                    type="button"
                    className={styles.follow}
                    aria-pressed={isFollowing}
                    onClick={() => setFollowing(!isFollowing)}
                  >
                    <Icon name="down" size={14} />
                    Follow
                  </button>
                )}
              </div>
              <div className={styles.lines}>
                <Lines
                  ref={listRef}
                  label={`Log of ${platform} on ${job.node}, ${formatCount(total, 'line')}`}
                  source={source}
                  map={folds.map}
                  steps={steps}
                  hasTimes={hasTimes}
                  folded={folds.folded}
                  marks={marks}
                  isFollowing={isFollowing}
                  onFollow={setFollowing}
                  onTopLine={position.onTopLine}
                  onSelect={selection.select}
                  onToggle={onToggle}
                  onOpen={setOpenedLine}
                  onKeyDown={(event) =>
                    handleLogKey(event, {
                      total,
                      markedLine,
                      position,
                      selection,
                      find,
                      setFollowing,
                      copyLines: copyAndSave.copy,
                    })
                  }
                />
                <LogOverlay
                  selectedRange={selection.range}
                  newLineCount={newLineCount}
                  onCopy={copyAndSave.copy}
                  onClearSelection={selection.clear}
                  onFollow={() => setFollowing(true)}
                />
              </div>
            </>
          )}
        </div>
      </div>
      <output className="visually-hidden">{announcement(job)}</output>
      <Presence>
        {openedLine !== undefined && (
          <LineDialog
            line={openedLine}
            raw={source.pages.line(openedLine)?.text ?? ''}
            step={steps[stepIndexAt(steps, openedLine)]}
            onClose={() => setOpenedLine(undefined)}
          />
        )}
      </Presence>
      <ConfirmDialog
        open={copyAndSave.isConfirming}
        onClose={copyAndSave.cancelCopyAll}
        harmless
        title={`Copy ${formatCount(total, 'line')}?`}
        description="Many programs cannot paste that much text. Saving the log to a file is faster."
        action="Copy all"
        onConfirm={copyAndSave.confirmCopyAll}
      />
    </section>
  );
}

/** For screen readers: the step of the job, or how it ended. */
function announcement(job: Job): string {
  const { platform, status } = job;
  const step = currentStep(job);
  const progress = step ? `step ${step.index} of ${step.total}, ${step.name}` : wordOf(status);
  return `${formatPlatform(platform)}: ${isEnd(status) ? wordOf(status) : progress}`;
}

/** A stable object whose functions call those of the latest render. */
function useStableActions(actions: HeaderActions): HeaderActions {
  const latest = useRef(actions);
  latest.current = actions;
  return useMemo(
    () => ({
      choosePlatform: (platform) => latest.current.choosePlatform(platform),
      find: () => latest.current.find(),
      foldAll: () => latest.current.foldAll(),
      toggleTimes: () => latest.current.toggleTimes(),
      toggleWrap: () => latest.current.toggleWrap(),
      copyAll: () => latest.current.copyAll(),
      save: () => latest.current.save(),
      cancelSave: () => latest.current.cancelSave(),
      openWindow: () => latest.current.openWindow(),
      close: () => latest.current.close(),
    }),
    [],
  );
}
