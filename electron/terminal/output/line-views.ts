/** Views of a build that write line by line, for logs, pipes and programs. */
import type { Writable } from 'node:stream';
import type { Build, JobState } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';
import { formatBytes, formatClock, formatCount, formatWait } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { BuildProgress, type BuildView } from './build-view.ts';
import { StepLabels } from './step-labels.ts';
import { cleanLine } from './text.ts';

/** Writes plain lines that start with the platform and the node. A line is never written again. */
export class PlainTextView implements BuildView {
  readonly #stream: Writable;
  readonly #progress = new BuildProgress();
  readonly #labels = new Map<Platform, StepLabels>();

  constructor(stream: Writable) {
    this.#stream = stream;
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
        this.#write(`${platform} ${node}`, labels.labelled(from + index, cleanLine(line), stepIds?.[index]));
      }
    }
    if (event.event === 'job.changed' && previous && previous.status !== event.job.status) {
      this.#printPhase(event.job);
    }
    if (event.event === 'job.changed' && event.job.wait && event.job.wait.ahead !== previous?.wait?.ahead) {
      const { platform, node, wait } = event.job;
      this.#write(`${platform} ${node}`, `waiting for ${formatWait(wait, node)}`);
    }
  }

  finish(): void {
    // every line is already written
  }

  #printSchedule({ reference, schedule }: Build): void {
    const assignments = schedule.assignments.map(({ platform, node, reason }) => `${platform} on ${node} (${reason})`);
    this.#write('build', `${reference}: ${assignments.join(', ')}`);
    for (const { node, problem } of schedule.leftOut) {
      this.#write('build', `skipping ${node}: ${problem.message}`);
    }
  }

  #labelsOf(platform: Platform): StepLabels {
    const labels = this.#labels.get(platform) ?? new StepLabels();
    this.#labels.set(platform, labels);
    return labels;
  }

  #printPhase(job: JobState): void {
    const text = phaseText(job);
    if (text) {
      this.#write(`${job.platform} ${job.node}`, text);
    }
  }

  #write(source: string, text: string): void {
    this.#stream.write(`[${source}] ${text}`.trimEnd().concat('\n'));
  }
}

/** The line for a job that enters a phase. The build phase has none: the log shows its steps. */
function phaseText({
  status,
  durationMs = 0,
  bytesSent,
  bytesReceived,
  digest,
  problem,
}: JobState): string | undefined {
  switch (status) {
    case 'queued':
    case 'building':
      return undefined;
    case 'context':
      return 'sending the context';
    case 'transferring':
      return 'transferring the image';
    case 'done':
      return `done in ${formatClock(durationMs)}: ${formatBytes(bytesSent)} sent, ${formatBytes(bytesReceived)} received, ${digest ?? ''}`;
    case 'failed':
      return `failed after ${formatClock(durationMs)}: ${cleanLine(problem?.message ?? '')}`;
    case 'cancelled':
      return `cancelled after ${formatClock(durationMs)}`;
  }
}

/** Writes every event as one line of JSON. */
export class JsonView implements BuildView {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  onEvent(event: AppEvent): void {
    this.#stream.write(`${JSON.stringify(event)}\n`);
  }

  finish(): void {
    // every event is already written
  }
}
