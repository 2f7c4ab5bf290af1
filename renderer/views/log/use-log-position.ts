import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import type { LineAlign, LogLinesHandle } from './LogLines.tsx';
import type { LogSource } from './log-source.ts';
import { type LoggedStep, stepIndexAt } from './logged-steps.ts';
import type { Folds } from './use-folds.ts';

export interface LogPositionOptions {
  readonly source: LogSource;
  readonly steps: readonly LoggedStep[];
  readonly listRef: RefObject<LogLinesHandle | null>;
  readonly folds: Folds;
  readonly setFollowing: (isFollowing: boolean) => void;
  /** The line to open at, if any. */
  readonly initialLine: number | undefined;
}

export interface LogPosition {
  /** The first visible line. */
  readonly topLine: RefObject<number>;
  /** The index of the step of the first visible line; -1 before the first step. */
  readonly stepIndex: number;
  readonly onTopLine: (line: number) => void;
  /** Scrolls to a line. A folded step that hides it stays folded. */
  readonly scrollTo: (line: number, align: LineAlign) => void;
  /** Stops following, unfolds the step of a line and scrolls to the line. */
  readonly goTo: (line: number, align?: LineAlign) => void;
  /** Goes to the next step, or to the start of the current step and then to the previous one. */
  readonly goToStep: (by: 1 | -1) => void;
}

/** The scroll position of a log. All functions are stable. */
export function useLogPosition({
  source,
  steps,
  listRef,
  folds,
  setFollowing,
  initialLine,
}: LogPositionOptions): LogPosition {
  const latestSteps = useRef(steps);
  latestSteps.current = steps;
  const { reveal } = folds;
  const topLine = useRef(0);
  const [stepIndex, setStepIndex] = useState(-1);
  const onTopLine = useCallback((line: number) => {
    topLine.current = line;
    setStepIndex(stepIndexAt(latestSteps.current, line));
  }, []);
  useEffect(() => setStepIndex(stepIndexAt(steps, topLine.current)), [steps]);

  // scrolls in an effect, after unfolded lines have been rendered
  const [target, setTarget] = useState<{ readonly line: number; readonly align: LineAlign }>();
  useEffect(() => {
    if (target) {
      listRef.current?.scrollToLine(target.line, target.align);
    }
  }, [target, listRef]);
  const scrollTo = useCallback((line: number, align: LineAlign) => setTarget({ line, align }), []);
  const goTo = useCallback(
    (line: number, align: LineAlign = 'start') => {
      setFollowing(false);
      reveal(line);
      scrollTo(line, align);
    },
    [setFollowing, reveal, scrollTo],
  );
  const goToStep = useCallback(
    (by: 1 | -1) => {
      const index = stepIndexAt(latestSteps.current, topLine.current);
      const current = latestSteps.current[index];
      const isInsideStep = current !== undefined && current.firstLine < topLine.current;
      const next = latestSteps.current[by < 0 && isInsideStep ? index : index + by];
      if (next) {
        goTo(next.firstLine);
      }
    },
    [goTo],
  );

  const canOpenAtLine = source.isLoaded && initialLine !== undefined;
  useEffect(() => {
    if (!canOpenAtLine) {
      return undefined;
    }
    // the list has no height before its first frame
    const frame = requestAnimationFrame(() => goTo(initialLine, 'center'));
    return () => cancelAnimationFrame(frame);
  }, [canOpenAtLine, initialLine, goTo]);

  return { topLine, stepIndex, onTopLine, scrollTo, goTo, goToStep };
}
