/** Draws a build as text: one or two lines per platform below a heading. */

import stringWidth from 'fast-string-width';
import { isCancelling, isEnd, type Job, type Phase } from '../../../shared/build.ts';
import { buildRemainingText, remainingText } from '../../../shared/estimate-text.ts';
import { formatBytes, formatBytesOf, formatClock, formatCount } from '../../../shared/format.ts';
import { foundInTexts } from '../../../shared/found-in.ts';
import { secondText } from '../../../shared/moves.ts';
import { behindText, formatWait } from '../../../shared/queue-text.ts';
import { currentStep, endedShare, moreRunningText } from '../../../shared/step.ts';
import { wordOf } from '../../../shared/words.ts';
import type { BuildProgress } from './build-view.ts';
import { pad } from './columns.ts';
import { cut } from './cut.ts';
import { outputShare } from './output-lines.ts';
import type { Paint, Style } from './paint.ts';
import { pushedShare } from './push-lines.ts';
import { cleanLine, cleanPainted, shortDigest } from './text.ts';

export interface FrameOptions {
  readonly columns: number;
  /** Default: no limit. */
  readonly maxLines?: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly paint: Paint;
}

const spinner = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
/** Ten frames: one turn takes a second. */
const spinnerFrameMs = 100;

/** Each phase has a glyph, a word and a color, so that no phase is recognized by its color alone. */
const looks: Readonly<Record<Phase, { readonly glyph?: string; readonly word?: string; readonly style: Style }>> = {
  queued: { glyph: '○', style: 'dim' },
  context: { style: 'cyan' },
  building: { style: 'cyan' },
  transferring: { word: 'transfer', style: 'cyan' },
  cancelling: { style: 'yellow' },
  done: { glyph: '✓', style: 'green' },
  failed: { glyph: '✗', style: 'red' },
  cancelled: { glyph: '–', style: 'yellow' },
  interrupted: { glyph: '‖', style: 'yellow' },
};

/** Fixed widths keep the columns in place while numbers grow. */
const phaseWidth = `✓ ${wordOf('cancelling')}`.length;
const bytesWidth = '99.9 MB'.length;
const barWidth = 12;
const stepWidth = '12/12'.length;
const maxNodeWidth = 20;
const minNodeWidth = 4;
/** The columns of a job that are left out one after another if the terminal is too narrow for the name of its node. */
const optionalColumns = ['mode', 'sent', 'received'] as const;
type OptionalColumn = (typeof optionalColumns)[number];
/** If fewer columns remain for the detail of a job, the detail moves to a line of its own. */
const minDetailWidth = 28;
const gap = '  ';

/**
 * A heading about the build, and one line per platform, or two on a narrow terminal. No line is wider than the terminal. If
 * there are more platforms than lines, ended platforms are only counted.
 */
export function gridFrame(progress: BuildProgress, options: FrameOptions): string[] {
  const { build } = progress;
  if (!build) {
    return [];
  }
  const { columns, maxLines = Number.POSITIVE_INFINITY } = options;
  const grid = new Grid(progress, build.jobs, options);
  const maxRows = Math.max(1, maxLines - 1);
  const rows = grid.rows(build.jobs.length * 2 <= maxRows);
  const shown = rows.length <= maxRows ? rows : grid.fittingRows(maxRows);
  // the last column stays empty: some terminals start a new line when it is written
  return [heading(progress, options), ...shown].map((line) => cut(cleanPainted(line), columns - 1).trimEnd());
}

function heading({ build, context }: BuildProgress, { now, paint }: FrameOptions): string {
  if (!build) {
    return '';
  }
  const elapsed = formatClock(build.durationMs ?? now - Date.parse(build.resumedAt ?? build.createdAt));
  const packed = context
    ? `${wordOf(context.done ? 'context' : 'packing')} ${formatCount(context.files, 'file')}, ${formatBytes(context.bytes)}`
    : '';
  const pushing =
    build.push?.status === 'running' && build.push.totalBytes > 0 ? `pushing ${pushedShare(build.push)}` : '';
  const writing = build.outputs?.find(({ status }) => status === 'running');
  const left = buildRemainingText(build, now);
  const note = isCancelling(build)
    ? paint('yellow', 'Cancelling…')
    : paint(
        'dim',
        [left, [pushing, writing && outputShare(writing)].filter(Boolean).join(gap) || packed]
          .filter(Boolean)
          .join(gap),
      );
  return [paint('bold', build.reference), elapsed, note].join(gap);
}

class Grid {
  readonly #progress: BuildProgress;
  readonly #jobs: readonly Job[];
  readonly #options: FrameOptions;
  #widths: { readonly platform: number; readonly node: number; readonly mode: number };
  #columns: readonly OptionalColumn[] = optionalColumns;

  constructor(progress: BuildProgress, jobs: readonly Job[], options: FrameOptions) {
    this.#progress = progress;
    this.#jobs = jobs;
    this.#options = options;
    const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => stringWidth(text)));
    const platform = widest(jobs.map((job) => job.platform));
    const mode = widest(jobs.map((job) => wordOf(job.mode)));
    this.#widths = { platform, mode, node: 0 };
    const wanted = Math.min(maxNodeWidth, widest(jobs.map((job) => job.node)));
    const available = (): number => options.columns - 1 - stringWidth(jobs[0] ? this.#narrowLine(jobs[0]) : '');
    while (available() < wanted && this.#columns.length > 0) {
      this.#columns = this.#columns.slice(1);
    }
    // even longer names are cut so that the time at the end of the line fits
    this.#widths = { platform, mode, node: Math.min(wanted, Math.max(minNodeWidth, available())) };
  }

  /** @param canWrap whether two lines per job fit on the screen */
  rows(canWrap: boolean): string[] {
    const detailWidth = this.#options.columns - 1 - stringWidth(this.#wideLine(this.#jobs[0], 0));
    if (detailWidth >= minDetailWidth) {
      return this.#jobs.map((job) => this.#wideLine(job, detailWidth));
    }
    return this.#jobs.flatMap((job) =>
      canWrap ? [this.#narrowLine(job), this.#detailLine(job)] : [this.#narrowLine(job)],
    );
  }

  /** One line for each of the first jobs, running jobs first, and a line that counts the others. */
  fittingRows(maxRows: number): string[] {
    const runningFirst = [...this.#jobs].sort((one, other) => Number(isEnd(one.status)) - Number(isEnd(other.status)));
    const shown = new Set(runningFirst.slice(0, maxRows - 1));
    const hidden = this.#jobs.filter((job) => !shown.has(job));
    const ended = hidden.filter(({ status }) => isEnd(status)).length;
    return [
      ...this.#jobs.filter((job) => shown.has(job)).map((job) => this.#narrowLine(job)),
      this.#options.paint('dim', `… and ${hidden.length} more (${ended} ended)`),
    ];
  }

  #wideLine(job: Job | undefined, detailWidth: number): string {
    if (!job) {
      return '';
    }
    const detail = pad(cut(this.#detail(job), detailWidth), detailWidth);
    return [...this.#nameCells(job), this.#progressCell(job), detail, ...this.#amountCells(job)].join(gap);
  }

  #narrowLine(job: Job): string {
    return [...this.#nameCells(job), ...this.#amountCells(job)].join(gap);
  }

  #detailLine(job: Job): string {
    return `${gap}${this.#progressCell(job)}${gap}${this.#detail(job)}`;
  }

  #detail(job: Job): string {
    const { now } = this.#options;
    return [remainingText(job, now), secondText(job, now), detailOf(job, this.#progress)]
      .filter((part) => part !== undefined)
      .join(gap);
  }

  #nameCells(job: Job): string[] {
    const { paint, now } = this.#options;
    const look = looks[job.status];
    const phase = job.status === 'done' && job.skipped ? 'unchanged' : job.status;
    const {
      glyph = spinner[Math.floor(now / spinnerFrameMs) % spinner.length] ?? '',
      word = wordOf(phase),
      style,
    } = look;
    return [
      pad(job.platform, this.#widths.platform),
      pad(cut(job.node, this.#widths.node), this.#widths.node),
      ...(this.#columns.includes('mode') ? [pad(wordOf(job.mode), this.#widths.mode)] : []),
      pad(paint(style, `${glyph} ${word}`), phaseWidth),
    ];
  }

  #amountCells({ bytesSent, bytesReceived, startedAt, durationMs }: Job): string[] {
    const { now } = this.#options;
    const elapsed = durationMs ?? (startedAt === undefined ? undefined : now - Date.parse(startedAt));
    return [
      ...(this.#columns.includes('sent') ? [`↑ ${pad(formatBytes(bytesSent), bytesWidth, 'right')}`] : []),
      ...(this.#columns.includes('received') ? [`↓ ${pad(formatBytes(bytesReceived), bytesWidth, 'right')}`] : []),
      pad(elapsed === undefined ? '' : formatClock(elapsed), '12:34'.length, 'right'),
    ];
  }

  #progressCell(job: Job): string {
    const { paint } = this.#options;
    const { status } = job;
    const step = currentStep(job);
    const isBuilt = status === 'transferring' || status === 'done';
    const filled = isBuilt ? barWidth : Math.floor(endedShare(job) * barWidth);
    const bar = paint(looks[status].style, '━'.repeat(filled)) + paint('dim', '─'.repeat(barWidth - filled));
    return `${bar} ${pad(step ? `${step.index}/${step.total}` : '', stepWidth)}`;
  }
}

/** What a job does now, or how it ended. */
function detailOf(job: Job, { build, context }: BuildProgress): string {
  switch (job.status) {
    case 'queued': {
      if (job.wait) {
        return `waiting for ${[formatWait(job.wait, job.node), behindText(job.wait)].filter(Boolean).join(', ')}`;
      }
      const lost = job.lost.at(-1);
      return lost ? `moved from ${lost.node}: ${cleanLine(lost.problem.message)}` : job.reason;
    }
    case 'context':
      return context?.done ? 'sending the context' : 'packing and sending the context';
    case 'building':
      return stepDetail(job);
    case 'transferring':
      return 'transferring the image';
    case 'cancelling':
      return `waiting for ${job.node} to stop`;
    case 'done':
      return `${shortDigest(job.digest ?? '')}${job.reusedFrom ? ` of build ${job.reusedFrom}` : ''}${job.foundIn ? `, ${foundInTexts[job.foundIn]}` : ''}`;
    case 'failed':
    case 'cancelled':
    case 'interrupted':
      // the summary below an ended build says why
      return build?.status !== 'running' ? '' : cleanLine(job.problem?.message ?? '');
  }
}

/** The step that runs longest, what it has done, and how many others run. */
function stepDetail(job: Job): string {
  const step = currentStep(job);
  const progress = step?.progress && formatBytesOf(step.progress.current, step.progress.total);
  return [cleanLine(step?.name ?? ''), progress, moreRunningText(job)].filter(Boolean).join(gap);
}
