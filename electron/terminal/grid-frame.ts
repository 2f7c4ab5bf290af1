import stringWidth from 'string-width';
import { isEnd, type Job, type Phase } from '../../shared/build.ts';
import { formatBytes, formatClock, formatCount } from '../../shared/format.ts';
import type { BuildProgress } from './build-view.ts';
import { cleanLine, cut, pad, shortDigest } from './format.ts';
import type { Paint, Style } from './paint.ts';

export interface FrameOptions {
  readonly columns: number;
  /** How many lines there is room for; without it, as many as there are. */
  readonly lines?: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly paint: Paint;
}

const spinner = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
/** One turn of the spinner takes about a second. */
const spinMs = 100;

/** Each phase has a glyph, its own word and a colour, so that it is never told by colour alone. */
const looks: Readonly<Record<Phase, { readonly glyph?: string; readonly style: Style }>> = {
  queued: { glyph: '○', style: 'dim' },
  context: { style: 'cyan' },
  building: { style: 'cyan' },
  pulling: { style: 'cyan' },
  done: { glyph: '✓', style: 'green' },
  failed: { glyph: '✗', style: 'red' },
  cancelled: { glyph: '–', style: 'yellow' },
};

/** Widths that hold whatever comes, so that nothing jumps while numbers grow. */
const phaseWidth = '✓ cancelled'.length;
const bytesWidth = '99.9 MB'.length;
const barWidth = 12;
const stepWidth = '12/12'.length;
const nodeWidthMost = 20;
const nodeWidthLeast = 4;
/** With less room than this for what a job is doing, that gets a line of its own. */
const detailWidthLeast = 28;
const gap = '  ';

/**
 * A line per platform, or two where the terminal is narrow, below a line about the whole build. No line is wider than the
 * terminal, and there are no more than it has room for: then what has ended is told as a number.
 */
export function gridFrame(progress: BuildProgress, options: FrameOptions): string[] {
  const { build } = progress;
  if (!build) {
    return [];
  }
  const { columns, lines = Number.POSITIVE_INFINITY } = options;
  const grid = new Grid(progress, build.jobs, options);
  const room = Math.max(1, lines - 1);
  const rows = grid.rows(build.jobs.length * 2 <= room);
  const shown = rows.length <= room ? rows : grid.most(room);
  // the last column stays free: some terminals begin a new line as soon as it is written
  return [heading(progress, options), ...shown].map((line) => cut(line, columns - 1).trimEnd());
}

function heading({ build, context }: BuildProgress, { now, paint }: FrameOptions): string {
  if (!build) {
    return '';
  }
  const elapsed = formatClock(build.durationMs ?? now - Date.parse(build.createdAt));
  const packed = context
    ? `${context.done ? 'context' : 'packing'} ${formatCount(context.files, 'file')}, ${formatBytes(context.bytes)}`
    : '';
  return [paint('bold', build.reference), elapsed, paint('dim', packed)].join(gap);
}

class Grid {
  readonly #progress: BuildProgress;
  readonly #jobs: readonly Job[];
  readonly #options: FrameOptions;
  #widths: { readonly platform: number; readonly node: number; readonly mode: number };

  constructor(progress: BuildProgress, jobs: readonly Job[], options: FrameOptions) {
    this.#progress = progress;
    this.#jobs = jobs;
    this.#options = options;
    const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => stringWidth(text)));
    const platform = widest(jobs.map((job) => job.platform));
    const mode = widest(jobs.map((job) => job.mode));
    // a long name gives way, so that the clock at the end of the line stays
    this.#widths = { platform, mode, node: 0 };
    const room = options.columns - 1 - stringWidth(jobs[0] ? this.#narrow(jobs[0]) : '');
    const node = Math.min(nodeWidthMost, Math.max(nodeWidthLeast, room), widest(jobs.map((job) => job.node)));
    this.#widths = { platform, mode, node };
  }

  /** @param mayWrap whether there is room for two lines a job. */
  rows(mayWrap: boolean): string[] {
    const detailWidth = this.#options.columns - 1 - stringWidth(this.#wide(this.#jobs[0], 0));
    if (detailWidth >= detailWidthLeast) {
      return this.#jobs.map((job) => this.#wide(job, detailWidth));
    }
    return this.#jobs.flatMap((job) => (mayWrap ? [this.#narrow(job), this.#below(job)] : [this.#narrow(job)]));
  }

  /** As many rows as there is room for, those that still run first, and a line that counts the others. */
  most(room: number): string[] {
    const byNews = [...this.#jobs].sort((one, other) => Number(isEnd(one.status)) - Number(isEnd(other.status)));
    const shown = new Set(byNews.slice(0, room - 1));
    const hidden = this.#jobs.filter((job) => !shown.has(job));
    const ended = hidden.filter(({ status }) => isEnd(status)).length;
    return [
      ...this.#jobs.filter((job) => shown.has(job)).map((job) => this.#narrow(job)),
      this.#options.paint('dim', `… and ${hidden.length} more, of which ${ended} have ended`),
    ];
  }

  #wide(job: Job | undefined, detailWidth: number): string {
    if (!job) {
      return '';
    }
    const detail = pad(cut(detailOf(job, this.#progress), detailWidth), detailWidth);
    return [...this.#who(job), this.#bar(job), detail, ...this.#amounts(job)].join(gap);
  }

  #narrow(job: Job): string {
    return [...this.#who(job), ...this.#amounts(job)].join(gap);
  }

  #below(job: Job): string {
    return `${gap}${this.#bar(job)}${gap}${detailOf(job, this.#progress)}`;
  }

  #who(job: Job): string[] {
    const { paint, now } = this.#options;
    const { glyph = spinner[Math.floor(now / spinMs) % spinner.length] ?? '', style } = looks[job.status];
    return [
      pad(job.platform, this.#widths.platform),
      pad(cut(job.node, this.#widths.node), this.#widths.node),
      pad(job.mode, this.#widths.mode),
      pad(paint(style, `${glyph} ${job.status}`), phaseWidth),
    ];
  }

  #amounts({ bytesSent, bytesReceived, startedAt, durationMs }: Job): string[] {
    const { now } = this.#options;
    const elapsed = durationMs ?? (startedAt === undefined ? undefined : now - Date.parse(startedAt));
    return [
      `↑ ${pad(formatBytes(bytesSent), bytesWidth, 'right')}`,
      `↓ ${pad(formatBytes(bytesReceived), bytesWidth, 'right')}`,
      pad(elapsed === undefined ? '' : formatClock(elapsed), '12:34'.length, 'right'),
    ];
  }

  #bar({ steps, status }: Job): string {
    const { paint } = this.#options;
    const last = steps.at(-1);
    const total = last?.total ?? 0;
    const ended = last ? last.index - (last.durationMs === undefined ? 1 : 0) : 0;
    const isBuilt = status === 'pulling' || status === 'done';
    const filled = isBuilt ? barWidth : total > 0 ? Math.min(barWidth, Math.floor((ended / total) * barWidth)) : 0;
    const bar = paint(looks[status].style, '━'.repeat(filled)) + paint('dim', '─'.repeat(barWidth - filled));
    return `${bar} ${pad(last ? `${last.index}/${total}` : '', stepWidth)}`;
  }
}

/** What a job is doing, in words. */
function detailOf(job: Job, { context }: BuildProgress): string {
  switch (job.status) {
    case 'queued': {
      const lost = job.lost.at(-1);
      return lost ? `takes over from ${lost.node}` : job.reason;
    }
    case 'context':
      return context?.done ? 'sending the context' : 'packing and sending the context';
    case 'building':
      return cleanLine(job.steps.at(-1)?.text ?? '');
    case 'pulling':
      return 'bringing the image back';
    case 'done':
      return shortDigest(job.digest ?? '');
    case 'failed':
    case 'cancelled':
      return cleanLine(job.problem?.message ?? '');
  }
}
