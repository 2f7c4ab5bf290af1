import {
  type KeyboardEvent,
  useCallback,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import { formatCount, formatPlatform, formatReferenceShort } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { isMac } from '../../parts/Kbd.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { useLive } from '../../stores/live.ts';
import { openLog, openLogWindow, replaceView } from '../../stores/navigation.ts';
import { FoldMap } from './folds.ts';
import { LineDialog } from './LineDialog.tsx';
import styles from './Log.module.css';
import { type HeaderActions, LogHeader } from './LogHeader.tsx';
import { LogLines, type LogLinesHandle, type Marks } from './LogLines.tsx';
import { LogSearchBar } from './LogSearchBar.tsx';
import { patternOf } from './line-text.ts';
import { LogSource } from './log-source.ts';
import { NoLines } from './NoLines.tsx';
import { StepBar } from './StepBar.tsx';
import { runsOf, stepAt } from './step-index.ts';
import { matchFrom, useLogSearch } from './use-log-search.ts';
import { useTakeLog } from './use-take-log.ts';

export interface LogViewProps {
  readonly build: Build;
  readonly job: Job;
  /** The line it opens at; without one it opens at the end. */
  readonly line: number | undefined;
  readonly ownWindow: boolean;
  readonly onClose: () => void;
}

interface Target {
  readonly line: number;
  readonly where: 'top' | 'middle' | 'near';
}

export function LogView({ build, job, line: openedAt, ownWindow, onClose }: LogViewProps) {
  const { platform } = job;
  const isLive = !isEnd(job.status);
  const panel = useId();
  const source = useSource(build.id, platform, isLive);
  const { total, steps } = source;
  useEffect(() => {
    if (total > 0) {
      source.findSteps(job.steps);
    }
  }, [source, total, job.steps]);

  // a job is told anew with every byte of it: what is known of its steps changes less often
  const runsKey = job.steps.map(({ index, durationMs, cached }) => `${index} ${durationMs} ${cached}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: runsKey stands for the steps of the job
  const runs = useMemo(() => runsOf(steps, job.steps), [steps, runsKey]);

  const lines = useRef<LogLinesHandle>(null);
  const searchInput = useRef<HTMLInputElement>(null);
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const map = useMemo(() => new FoldMap(steps, folded, total), [steps, folded, total]);

  const [follow, setFollow] = useState(openedAt === undefined);
  const [seen, setSeen] = useState(0);
  const [markedLine, setMarkedLine] = useState(openedAt);
  const [selection, setSelection] = useState<{ readonly anchor: number; readonly head: number }>();
  const [opened, setOpened] = useState<number>();
  const [target, setTarget] = useState<Target>();
  const [find, setFind] = useState<{ readonly text: string; readonly at: number }>();

  const topLine = useRef(0);
  const [current, setCurrent] = useState(-1);
  const onTopLine = useCallback(
    (line: number) => {
      topLine.current = line;
      setCurrent(stepAt(source.steps, line));
    },
    [source],
  );
  useEffect(() => setCurrent(stepAt(steps, topLine.current)), [steps]);

  const changeFollow = useCallback(
    (next: boolean) => {
      setFollow(next);
      setSeen(source.total);
    },
    [source],
  );

  /** Shows a line, also where its step is folded. */
  const go = useCallback(
    (line: number, where: Target['where'] = 'top') => {
      changeFollow(false);
      setFolded((before) => {
        const over = new FoldMap(source.steps, before, source.total).foldOver(line);
        return over === undefined ? before : new Set([...before].filter((each) => each !== over));
      });
      setTarget({ line, where });
    },
    [changeFollow, source],
  );
  useEffect(() => {
    if (target) {
      lines.current?.scrollToLine(target.line, target.where);
    }
  }, [target]);

  const canOpenAt = source.loaded && openedAt !== undefined;
  useEffect(() => {
    if (canOpenAt) {
      setMarkedLine(openedAt);
      // the list has a height only after its first frame
      const frame = requestAnimationFrame(() => go(openedAt, 'middle'));
      return () => cancelAnimationFrame(frame);
    }
    return undefined;
  }, [canOpenAt, openedAt, go]);

  const search = useLogSearch(source, find?.text ?? '');
  const foundFor = useRef('');
  useEffect(() => {
    // the first answer to a text goes to the first match from here
    if (find && !search.busy && search.lines.length > 0 && foundFor.current !== find.text) {
      foundFor.current = find.text;
      const at = matchFrom(search.lines, topLine.current);
      setFind({ ...find, at });
      const line = search.lines[at];
      if (line !== undefined) {
        setMarkedLine(line);
        go(line, 'near');
      }
    }
  }, [find, search, go]);

  function stepMatch(by: 1 | -1): void {
    const { length } = search.lines;
    if (find && length > 0) {
      const at = (find.at + by + length) % length;
      const line = search.lines[at];
      setFind({ ...find, at });
      if (line !== undefined) {
        setMarkedLine(line);
        go(line, 'near');
      }
    }
  }
  function openFind(): void {
    if (find) {
      searchInput.current?.select();
    } else {
      setFind({ text: '', at: -1 });
      requestAnimationFrame(() => searchInput.current?.focus());
    }
  }
  function closeFind(): void {
    foundFor.current = '';
    setFind(undefined);
    lines.current?.focus();
  }

  const pattern = useMemo(() => patternOf(find?.text ?? ''), [find?.text]);
  const marks = useMemo<Marks>(
    () => ({
      line: markedLine,
      pattern,
      selected: selection && [Math.min(selection.anchor, selection.head), Math.max(selection.anchor, selection.head)],
    }),
    [markedLine, pattern, selection],
  );

  const onSelect = useCallback((line: number, extend: boolean) => {
    setSelection((before) =>
      extend && before
        ? { ...before, head: line }
        : before?.anchor === line && before.head === line
          ? undefined
          : { anchor: line, head: line },
    );
  }, []);
  const onToggle = useCallback(
    (line: number) => {
      changeFollow(false);
      setFolded((before) => {
        const after = new Set(before);
        if (!after.delete(line)) {
          after.add(line);
        }
        return after;
      });
      if (topLine.current > line) {
        setTarget({ line, where: 'top' });
      }
    },
    [changeFollow],
  );

  const take = useTakeLog({ source, build, job, steps });
  const stepBy = useCallback(
    (by: 1 | -1) => {
      const here = stepAt(source.steps, topLine.current);
      const start = source.steps[here];
      // back goes to the beginning of this step first
      const next = source.steps[by < 0 && start && start.line < topLine.current ? here : here + by];
      if (next) {
        go(next.line);
      }
    },
    [go, source],
  );

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const isCopy = event.key.toLowerCase() === 'c' && (isMac ? event.metaKey : event.ctrlKey);
    if (isCopy && selection && window.getSelection()?.isCollapsed !== false) {
      event.preventDefault();
      take.copy(...(marks.selected ?? [0, 0]));
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.shiftKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      const by = event.key === 'ArrowDown' ? 1 : -1;
      const head = selection ? Math.min(total - 1, Math.max(0, selection.head + by)) : (markedLine ?? topLine.current);
      setSelection({ anchor: selection?.anchor ?? head, head });
      changeFollow(false);
      setTarget({ line: head, where: 'near' });
      return;
    }
    const run: Readonly<Record<string, () => void>> = {
      Home: () => go(0),
      g: () => go(0),
      End: () => changeFollow(true),
      G: () => changeFollow(true),
      '[': () => stepBy(-1),
      ']': () => stepBy(1),
      F3: () => stepMatch(event.shiftKey ? -1 : 1),
      Escape: () => (find ? closeFind() : setSelection(undefined)),
    };
    const action = run[event.key];
    if (action && (event.key !== 'Escape' || find || selection)) {
      event.preventDefault();
      event.stopPropagation();
      action();
    }
  }

  const name = `${formatReferenceShort(build.reference)} ${formatPlatform(platform)}`;
  const foldAll = (): void => {
    changeFollow(false);
    setFolded(folded.size > 0 ? new Set() : new Set(steps.map(({ line }) => line)));
  };
  function choosePlatform(next: Platform): void {
    if (ownWindow) {
      replaceView({ view: 'log', id: build.id, platform: next });
    } else {
      openLog({ id: build.id, platform: next });
    }
  }

  const latest: HeaderActions = {
    choosePlatform,
    find: openFind,
    foldAll,
    copyAll: take.copyAll,
    save: take.save,
    stopSaving: take.stopSaving,
    openWindow: () => openLogWindow({ id: build.id, platform }),
    close: onClose,
  };
  const actions = useLatest(latest);

  useCommands(
    () => [
      {
        id: 'log:find',
        label: `Find in the log of ${name}`,
        group: 'Here',
        icon: 'search',
        shortcut: 'Mod+f',
        run: actions.find,
      },
      {
        id: 'log:follow',
        label: `Follow the log of ${name}`,
        group: 'Here',
        icon: 'down',
        run: () => changeFollow(true),
      },
      {
        id: 'log:fold',
        label: folded.size > 0 ? 'Unfold all steps' : 'Fold all steps',
        group: 'Here',
        icon: 'minus',
        run: actions.foldAll,
      },
      { id: 'log:copy', label: `Copy the log of ${name}`, group: 'Here', icon: 'copy', run: actions.copyAll },
      { id: 'log:save', label: `Save the log of ${name}`, group: 'Here', icon: 'download', run: actions.save },
    ],
    [name, folded.size > 0, actions, changeFollow],
  );
  useEffect(() => {
    if (ownWindow) {
      document.title = `Log of ${name}`;
    }
  }, [ownWindow, name]);

  const unseen = follow ? 0 : Math.max(0, total - seen);
  return (
    <section className={styles.panel} aria-label={`Log of ${name}`}>
      <LogHeader
        reference={build.reference}
        jobs={build.jobs}
        platform={platform}
        panel={panel}
        ownWindow={ownWindow}
        hasLines={total > 0}
        hasSteps={steps.length > 0}
        hasFolds={folded.size > 0}
        saving={take.saving}
        actions={actions}
      />
      {find && (
        <LogSearchBar
          ref={searchInput}
          text={find.text}
          onText={(text) => setFind({ text, at: -1 })}
          search={search}
          at={find.at}
          onStep={stepMatch}
          onClose={closeFind}
        />
      )}
      <div id={panel} role="tabpanel" aria-label={`${platform} on ${job.node}`} className={styles.content}>
        {source.problem && (
          <div className={styles.problem}>
            <ProblemNote
              problem={source.problem}
              actions={<Button onClick={() => source.refresh()}>Read again</Button>}
            />
          </div>
        )}
        {total === 0 ? (
          !source.problem && <NoLines job={job} loaded={source.loaded} />
        ) : (
          <>
            <div className={styles.stepBar}>
              <StepBar
                steps={steps}
                runs={runs}
                current={current}
                live={isLive}
                isFolded={folded.has(steps[current]?.line ?? -1)}
                onStep={stepBy}
                onGo={go}
                onToggle={onToggle}
              />
              <span className={styles.grow} />
              <span className={styles.total}>{formatCount(total, 'line')}</span>
              {isLive && (
                <button
                  type="button"
                  className={styles.follow}
                  aria-pressed={follow}
                  onClick={() => changeFollow(!follow)}
                >
                  <Icon name="down" size={14} />
                  Follow
                </button>
              )}
            </div>
            <div className={styles.lines}>
              <LogLines
                ref={lines}
                label={`Log of ${platform} on ${job.node}, ${formatCount(total, 'line')}`}
                source={source}
                map={map}
                steps={steps}
                runs={runs}
                folded={folded}
                marks={marks}
                follow={follow}
                onFollow={changeFollow}
                onTopLine={onTopLine}
                onSelect={onSelect}
                onToggle={onToggle}
                onOpen={setOpened}
                onKeyDown={onKeyDown}
              />
              <div className={styles.floats}>
                {marks.selected && (
                  <div className={styles.selection}>
                    {formatCount(marks.selected[1] - marks.selected[0] + 1, 'line')}
                    <Button size="small" icon="copy" onClick={() => take.copy(...(marks.selected ?? [0, 0]))}>
                      Copy
                    </Button>
                    <IconButton
                      icon="cross"
                      label="Select nothing"
                      size="small"
                      onClick={() => setSelection(undefined)}
                    />
                  </div>
                )}
                {unseen > 0 && (
                  <button type="button" className={styles.unseen} onClick={() => changeFollow(true)}>
                    {formatCount(unseen, 'new line')}
                    <Icon name="down" size={14} />
                  </button>
                )}
              </div>
            </div>
          </>
        )}
      </div>
      <output className="visually-hidden">{announcement(job)}</output>
      <Presence>
        {opened !== undefined && (
          <LineDialog
            line={opened}
            raw={source.pages.line(opened) ?? ''}
            step={steps[stepAt(steps, opened)]}
            onClose={() => setOpened(undefined)}
          />
        )}
      </Presence>
      <ConfirmDialog
        open={take.asking}
        onClose={take.dontCopy}
        harmless
        title={`Copy ${formatCount(total, 'line')}?`}
        description="That is much for a clipboard, and many programs will not take it. Saving it as a file is quicker."
        action="Copy all"
        onConfirm={take.copyAllNow}
      />
    </section>
  );
}

/** What is said aloud of a log: where the job is, and how it ends. */
function announcement({ platform, status, steps }: Job): string {
  const step = steps.at(-1);
  const place = step ? `step ${step.index} of ${step.total}, ${step.text}` : status;
  return `${formatPlatform(platform)}: ${isEnd(status) ? status : place}`;
}

/** Functions that always do what the last drawing of them would do, and are always the same. */
function useLatest(functions: HeaderActions): HeaderActions {
  const latest = useRef(functions);
  latest.current = functions;
  return useMemo(
    () => ({
      choosePlatform: (platform) => latest.current.choosePlatform(platform),
      find: () => latest.current.find(),
      foldAll: () => latest.current.foldAll(),
      copyAll: () => latest.current.copyAll(),
      save: () => latest.current.save(),
      stopSaving: () => latest.current.stopSaving(),
      openWindow: () => latest.current.openWindow(),
      close: () => latest.current.close(),
    }),
    [],
  );
}

function useSource(id: string, platform: Platform, isLive: boolean): LogSource {
  const [source] = useState(() => new LogSource(id, platform));
  useEffect(() => source.start(), [source]);
  useSyncExternalStore(source.subscribe, () => source.version);
  // what came while the app could not be heard, and the last lines of a job that has ended
  const link = useLive((state) => state.link);
  const isFirst = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: both are reasons to ask again
  useEffect(() => {
    if (!isFirst.current && link === 'open') {
      source.refresh();
    }
    isFirst.current = false;
  }, [source, link, isLive]);
  return source;
}
