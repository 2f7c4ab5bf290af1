/** Views of a build that write line by line, for logs, pipes and programs. */

import type { Writable } from 'node:stream';
import { type Build, isEnd, type Job, type JobState } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';
import { assignmentText } from '../../../shared/estimate-text.ts';
import { formatBytes, formatClock, formatCount, formatSent } from '../../../shared/format.ts';
import { foundInTexts } from '../../../shared/found-in.ts';
import type { OutputState } from '../../../shared/output-state.ts';
import type { Platform } from '../../../shared/platform.ts';
import type { JobWait } from '../../../shared/queue.ts';
import { formatWait } from '../../../shared/queue-text.ts';
import { wordOf } from '../../../shared/words.ts';
import { isBehind } from './backlog.ts';
import { buildNotes } from './build-notes.ts';
import { BuildProgress, type BuildView } from './build-view.ts';
import { StepLabels } from './step-labels.ts';
import { cleanLine, jsonLine } from './text.ts';

/** Writes plain lines that start with the platform and the node. A line is never written again. */
export class PlainTextView implements BuildView {
  readonly #stream: Writable;
  readonly #progress = new BuildProgress();
  readonly #labels = new Map<Platform, StepLabels>();
  /** Lines of logs that were left out, because nothing read them. */
  #omitted = 0;
  #isPushing = false;
  readonly #outputs = new Set<string>();
  readonly #name: string;

  /** @param name of the image, if several are built */
  constructor(stream: Writable, name = '') {
    this.#stream = stream;
    this.#name = name === '' ? '' : `${name} `;
  }

  onEvent(event: AppEvent): void {
    const previous = this.#progress.apply(event);
    if (event.event === 'step.changed') {
      // the log has a line that names the step
      this.#labelsOf(event.platform).add(event.step);
      return;
    }
    const build = this.#progress.build;
    if (!build) {
      return;
    }
    if (event.event === 'push.finished' && event.push.problem) {
      this.#write('push', event.push.problem.message);
    }
    if (event.event === 'output.changed' && event.output.buildId === build.id) {
      this.#printOutput(event.output);
    }
    if (event.event === 'push.progress') {
      this.#printPushing(build);
    }
    if (event.event === 'build.started' && event.build === build) {
      this.#printSchedule(build);
    }
    if (event.event === 'build.context' && event.buildId === build.id && event.done) {
      this.#write('build', `context packed: ${formatCount(event.files, 'file')}, ${formatBytes(event.bytes)}`);
    }
    if (event.event === 'job.log' && event.buildId === build.id) {
      const { platform, node, from, lines, stepIds } = event;
      const labels = this.#labelsOf(platform);
      for (const [index, line] of lines.entries()) {
        const text = labels.labelled(from + index, cleanLine(line), stepIds?.[index]);
        if (isBehind(this.#stream)) {
          this.#omitted += 1;
        } else {
          this.#write(`${platform} ${node}`, text);
        }
      }
    }
    if (event.event === 'job.changed' && previous && previous.status !== event.job.status) {
      this.#printPhase(event.job, build.jobs);
    }
    if (event.event === 'job.changed' && event.job.wait && isNewWait(event.job.wait, previous?.wait)) {
      const { platform, node, wait } = event.job;
      this.#write(`${platform} ${node}`, `waiting for ${formatWait(wait, node)}`);
    }
  }

  finish(): void {
    this.#printOmitted();
  }

  /** Says that all platforms are built, so that only the push goes on. */
  #printPushing({ jobs, push }: Build): void {
    if (!this.#isPushing && push?.status === 'running' && jobs.every(({ status }) => status === 'done')) {
      this.#isPushing = true;
      this.#write('push', `pushing to ${push.destination}`);
    }
  }

  /** Says that an output has begun. The summary says how it ended. */
  #printOutput({ id, output }: OutputState): void {
    if (!this.#outputs.has(id)) {
      this.#outputs.add(id);
      this.#write('output', `writing ${output}`);
    }
  }

  #printOmitted(): void {
    if (this.#omitted > 0) {
      const count = formatCount(this.#omitted, 'line');
      this.#omitted = 0;
      this.#write('build', `${count} left out here, because nothing read them: the logs of the build have all`);
    }
  }

  #printSchedule(build: Build): void {
    const { reference, schedule, jobs } = build;
    const found = jobs.flatMap(({ platform, foundIn }) => (foundIn ? [`${platform} ${foundInTexts[foundIn]}`] : []));
    this.#write('build', `${reference}: ${[...schedule.assignments.map(assignmentText), ...found].join(', ')}`);
    for (const { node, problem } of schedule.leftOut) {
      this.#write('build', `skipping ${node}: ${problem.message}`);
    }
    for (const text of buildNotes(build)) {
      this.#write('build', text);
    }
  }

  #labelsOf(platform: Platform): StepLabels {
    const labels = this.#labels.get(platform) ?? new StepLabels();
    this.#labels.set(platform, labels);
    return labels;
  }

  #printPhase(job: JobState, jobs: readonly Job[]): void {
    const isLast = jobs.every(({ status }) => isEnd(status));
    const text = phaseText(job, isLast);
    if (text) {
      this.#write(`${job.platform} ${job.node}`, text);
    }
  }

  #write(source: string, text: string): void {
    if (!isBehind(this.#stream)) {
      this.#printOmitted();
    }
    this.#stream.write(`${cleanLine(`[${this.#name}${source}] ${text}`)}\n`);
  }
}

/**
 * The line for a job that enters a phase. The build phase has none: the log shows its steps.
 * @param isLast whether no other job is left; the summary follows, which says why jobs failed
 */
function phaseText(
  { status, skipped, durationMs = 0, bytesSent, bytesReused, bytesReceived, digest, problem }: JobState,
  isLast: boolean,
): string | undefined {
  switch (status) {
    case 'queued':
    case 'building':
      return undefined;
    case 'context':
      return 'sending the context';
    case 'transferring':
      return 'transferring the image';
    case 'cancelling':
      return 'cancelling…';
    case 'done':
      return skipped
        ? `unchanged: ${digest ?? ''}`
        : `done in ${formatClock(durationMs)}: ${formatSent({ bytesSent, bytesReused })} sent, ${formatBytes(bytesReceived)} received, ${digest ?? ''}`;
    case 'failed':
      return `failed after ${formatClock(durationMs)}${isLast ? '' : `: ${problem?.message ?? ''}`}`;
    case 'cancelled':
      return `cancelled after ${formatClock(durationMs)}`;
    case 'interrupted':
      return wordOf('interrupted');
  }
}

/**
 * Writes every event as one line of JSON. If nothing reads them, lines of logs and progress are left out: the numbers of the
 * lines show where.
 */
export class JsonView implements BuildView {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  onEvent(event: AppEvent): void {
    if (isBehind(this.#stream) && isProgress(event)) {
      return;
    }
    this.#stream.write(`${jsonLine(event)}\n`);
  }

  finish(): void {
    // every event is already written
  }
}

function isProgress(event: AppEvent): boolean {
  return (
    ['job.log', 'step.changed', 'build.context', 'push.progress'].includes(event.event) ||
    (event.event === 'output.changed' && event.output.status === 'running')
  );
}

/** Whether what a job waits for has changed by more than an estimate. */
function isNewWait({ reason, ahead }: JobWait, previous: JobWait | undefined): boolean {
  return reason !== previous?.reason || ahead !== previous.ahead;
}
