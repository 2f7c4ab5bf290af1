import { useRef, useState } from 'react';
import type { Build, Job } from '../../../shared/build.ts';
import { formatCount, formatNumber } from '../../../shared/format.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import { plainText } from './line-text.ts';
import type { LogSource } from './log-source.ts';
import { type StepStart, stepAt } from './step-index.ts';
import { fileNameOf, linesOf, saveLog } from './take-log.ts';

/** More lines than this are copied only after a question. */
const manyLines = 50_000;

export interface TakeLog {
  /** Copies lines, the last one too, with where they are from. */
  readonly copy: (first: number, last: number) => void;
  readonly copyAll: () => void;
  /** The question whether so many are to be copied is open. */
  readonly asking: boolean;
  readonly copyAllNow: () => Promise<void>;
  readonly dontCopy: () => void;
  readonly save: () => void;
  /** How much is saved, from 0 to 1, while it is. */
  readonly saving: number | undefined;
  readonly stopSaving: () => void;
}

interface What {
  readonly source: LogSource;
  readonly build: Build;
  readonly job: Job;
  readonly steps: readonly StepStart[];
}

/** Ways to take a log, or a part of it, elsewhere. */
export function useTakeLog({ source, build, job, steps }: What): TakeLog {
  const [asking, setAsking] = useState(false);
  const [saving, setSaving] = useState<number>();
  const abort = useRef<AbortController>(undefined);

  async function copyRange(first: number, last: number): Promise<void> {
    const texts: string[] = [headOf({ build, job, steps }, first, last)];
    for await (const lines of linesOf(source, first, last)) {
      texts.push(...lines.map(plainText));
    }
    await navigator.clipboard.writeText(`${texts.join('\n')}\n`);
    toast({ title: `Copied ${formatCount(last - first + 1, 'line')}`, kind: 'done' });
  }

  async function save(): Promise<void> {
    const controller = new AbortController();
    abort.current = controller;
    const name = fileNameOf(build.reference, job.platform);
    try {
      const { total } = source;
      const saved = await saveLog({ source, name, signal: controller.signal, onProgress: setSaving });
      if (saved) {
        toast({ title: `Saved ${formatCount(total, 'line')} as ${name}`, kind: 'done' });
      }
    } catch (error) {
      if (!controller.signal.aborted) {
        toastProblem(error);
      }
    } finally {
      setSaving(undefined);
    }
  }

  const copyAll = (): Promise<void> => copyRange(0, source.total - 1);
  return {
    copy: (first, last) => {
      copyRange(first, last).catch(toastProblem);
    },
    copyAll: () => {
      if (source.total > manyLines) {
        setAsking(true);
      } else {
        copyAll().catch(toastProblem);
      }
    },
    asking,
    copyAllNow: copyAll,
    dontCopy: () => setAsking(false),
    save: () => {
      if (saving === undefined) {
        void save();
      }
    },
    saving,
    stopSaving: () => abort.current?.abort(),
  };
}

/** Where lines are from, so that who gets them can find them: reference, platform, node, step and line numbers. */
export function headOf(
  { build, job, steps }: Pick<What, 'build' | 'job' | 'steps'>,
  first: number,
  last: number,
): string {
  const step = steps[stepAt(steps, first)];
  const range =
    first === last
      ? `line ${formatNumber(first + 1)}`
      : `lines ${formatNumber(first + 1)} to ${formatNumber(last + 1)}`;
  return [
    `# ${build.reference} ${job.platform} on ${job.node}`,
    ...(step ? [`step ${step.index}/${step.total}: ${step.text}`] : []),
    range,
  ].join(', ');
}
