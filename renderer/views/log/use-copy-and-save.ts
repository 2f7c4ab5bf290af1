import { useRef, useState } from 'react';
import type { Build, Job } from '../../../shared/build.ts';
import { formatCount, formatNumber } from '../../../shared/format.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import { plainText } from './line-text.ts';
import type { LogSource } from './log-source.ts';
import { type LoggedStep, stepIndexAt } from './logged-steps.ts';
import { logFileName, readLines, saveLog } from './save-log.ts';

/** Copying more lines than this needs a confirmation. */
const confirmCopyFrom = 50_000;

export interface CopyAndSave {
  /** Copies the lines from `first` to `last`, including `last`, with a heading that says where they are from. */
  readonly copy: (first: number, last: number) => void;
  readonly copyAll: () => void;
  /** Whether the confirmation for copying many lines is open. */
  readonly isConfirming: boolean;
  readonly confirmCopyAll: () => Promise<void>;
  readonly cancelCopyAll: () => void;
  readonly save: () => void;
  /** The saved share of the log from 0 to 1, while it is being saved. */
  readonly savedShare: number | undefined;
  readonly cancelSave: () => void;
}

interface CopyAndSaveOptions {
  readonly source: LogSource;
  readonly build: Build;
  readonly job: Job;
  readonly steps: readonly LoggedStep[];
}

/** Copying a log or some of its lines, and saving it to a file. */
export function useCopyAndSave({ source, build, job, steps }: CopyAndSaveOptions): CopyAndSave {
  const [asking, setAsking] = useState(false);
  const [saving, setSaving] = useState<number>();
  const abort = useRef<AbortController>(undefined);

  async function copyRange(first: number, last: number): Promise<void> {
    const texts: string[] = [rangeHeading({ build, job, steps }, first, last)];
    for await (const lines of readLines(source, first, last)) {
      texts.push(...lines.map(plainText));
    }
    await navigator.clipboard.writeText(`${texts.join('\n')}\n`);
    toast({ title: `Copied ${formatCount(last - first + 1, 'line')}`, kind: 'done' });
  }

  async function save(): Promise<void> {
    const controller = new AbortController();
    abort.current = controller;
    const name = logFileName(build.reference, job.platform);
    try {
      const { total } = source;
      const isSaved = await saveLog({ source, name, signal: controller.signal, onProgress: setSaving });
      if (isSaved) {
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
      if (source.total > confirmCopyFrom) {
        setAsking(true);
      } else {
        copyAll().catch(toastProblem);
      }
    },
    isConfirming: asking,
    confirmCopyAll: copyAll,
    cancelCopyAll: () => setAsking(false),
    save: () => {
      if (saving === undefined) {
        void save();
      }
    },
    savedShare: saving,
    cancelSave: () => abort.current?.abort(),
  };
}

/** The first line of copied lines, which says where they are from: reference, platform, node, step and line numbers. */
export function rangeHeading(
  { build, job, steps }: Pick<CopyAndSaveOptions, 'build' | 'job' | 'steps'>,
  first: number,
  last: number,
): string {
  const step = steps[stepIndexAt(steps, first)];
  const range =
    first === last
      ? `line ${formatNumber(first + 1)}`
      : `lines ${formatNumber(first + 1)} to ${formatNumber(last + 1)}`;
  return [
    `# ${build.reference} ${job.platform} on ${job.node}`,
    ...(step ? [`step ${step.index}/${step.total}: ${step.name}`] : []),
    range,
  ].join(', ');
}
