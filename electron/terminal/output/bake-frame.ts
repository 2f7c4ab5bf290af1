/** Draws a bake as text: a line for each image, with its platforms. */

import type { Bake, BakedImage, ImageStatus } from '../../../shared/bake.ts';
import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';
import { formatClock, formatCount } from '../../../shared/format.ts';
import { LiveBuild } from '../../../shared/live-build.ts';
import { currentStep } from '../../../shared/step.ts';
import { wordOf } from '../../../shared/words.ts';
import { pad } from './columns.ts';
import { cut } from './cut.ts';
import type { FrameOptions } from './grid-frame.ts';
import type { FrameSource } from './live-grid.ts';
import type { Style } from './paint.ts';
import { cleanLine, cleanPainted } from './text.ts';

const spinner = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const spinnerFrameMs = 100;
const maxNameWidth = 28;
const statusWidth = `✓ ${wordOf('cancelled')}`.length;

const looks: Readonly<Record<ImageStatus, { readonly glyph?: string; readonly style: Style }>> = {
  waiting: { glyph: '○', style: 'dim' },
  running: { style: 'cyan' },
  done: { glyph: '✓', style: 'green' },
  failed: { glyph: '✗', style: 'red' },
  cancelled: { glyph: '–', style: 'yellow' },
  blocked: { glyph: '⊘', style: 'yellow' },
  interrupted: { glyph: '‖', style: 'yellow' },
};

/** The state of a bake and its builds, from events. */
export class BakeFrames implements FrameSource {
  #bake: Bake | undefined;
  readonly #builds = new Map<string, LiveBuild>();

  apply(event: AppEvent): void {
    if (event.event === 'bake.changed') {
      this.#bake = event.bake;
    } else if (event.event === 'build.started') {
      this.#builds.set(event.build.id, new LiveBuild(event.build));
    } else {
      for (const build of this.#builds.values()) {
        build.apply(event);
      }
    }
  }

  /** Those of single builds are in their records. */
  takeNotes(): readonly string[] {
    return [];
  }

  lines({ columns, maxLines = Number.POSITIVE_INFINITY, now, paint }: FrameOptions): string[] {
    const bake = this.#bake;
    if (!bake) {
      return [];
    }
    const done = bake.images.filter(({ status }) => status === 'done').length;
    const elapsed = formatClock(bake.durationMs ?? now - Date.parse(bake.createdAt));
    const heading = [
      paint('bold', formatCount(bake.images.length, 'image')),
      elapsed,
      paint('dim', `${done} done`),
    ].join('  ');
    const nameWidth = Math.min(maxNameWidth, Math.max(...bake.images.map(({ name }) => name.length)));
    const line = (image: BakedImage): string => {
      const look = looks[image.status];
      const glyph = look.glyph ?? spinner[Math.floor(now / spinnerFrameMs) % spinner.length] ?? '';
      const build = image.build === undefined ? undefined : this.#builds.get(image.build)?.build;
      return [
        pad(cut(image.name, nameWidth), nameWidth),
        pad(paint(look.style, `${glyph} ${wordOf(image.isReused ? 'kept' : image.status)}`), statusWidth),
        pad(elapsedOf(build, now), '12:34'.length, 'right'),
        detailOf(image, build, bake),
      ].join('  ');
    };
    const isOver = (image: BakedImage): boolean => image.status !== 'running' && image.status !== 'waiting';
    const maxRows = Math.max(1, maxLines - 1);
    const ranked = [...bake.images].sort((one, other) => rank(one) - rank(other));
    const shown = new Set(bake.images.length <= maxRows ? bake.images : ranked.slice(0, maxRows - 1));
    const hidden = bake.images.filter((image) => !shown.has(image));
    const rest =
      hidden.length === 0 ? [] : [paint('dim', `… and ${hidden.length} more (${hidden.filter(isOver).length} ended)`)];
    return [heading, ...bake.images.filter((image) => shown.has(image)).map(line), ...rest].map((text) =>
      cut(cleanPainted(text), columns - 1).trimEnd(),
    );
  }
}

/** Running images are shown first if there is no space for all, then failed ones. */
function rank({ status }: BakedImage): number {
  return ['running', 'failed', 'interrupted', 'blocked', 'waiting', 'cancelled', 'done'].indexOf(status);
}

function elapsedOf(build: Build | undefined, now: number): string {
  return build ? formatClock(build.durationMs ?? now - Date.parse(build.resumedAt ?? build.createdAt)) : '';
}

function detailOf(image: BakedImage, build: Build | undefined, { images }: Bake): string {
  if (image.status === 'waiting') {
    const waits = image.dependsOn.filter((name) => images.find((other) => other.name === name)?.status !== 'done');
    return waits.length === 0 ? '' : `waits for ${waits.join(', ')}`;
  }
  if (image.status === 'blocked' || (image.status === 'failed' && !build)) {
    return cleanLine(image.problem?.message ?? '');
  }
  return build ? build.jobs.map(jobText).join('  ') : '';
}

/** `linux/arm64 3/12 RUN make` */
function jobText(job: Job): string {
  const step = job.status === 'building' ? currentStep(job) : undefined;
  const state = step
    ? `${step.index}/${step.total} ${cleanLine(step.name)}`
    : wordOf(job.skipped ? 'unchanged' : job.status);
  return `${job.platform} ${isEnd(job.status) ? state : cut(state, 40)}`;
}
