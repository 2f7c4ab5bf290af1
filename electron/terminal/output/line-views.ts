/** Views of a build that write line by line, for logs, pipes and programs. */
import type { Writable } from 'node:stream';
import type { Build, Job } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';
import { formatBytes, formatClock, formatCount } from '../../../shared/format.ts';
import { BuildProgress, type BuildView } from './build-view.ts';
import { cleanLine } from './text.ts';

/** Writes plain lines that start with the platform and the node. A line is never written again. */
export class PlainTextView implements BuildView {
  readonly #stream: Writable;
  readonly #progress = new BuildProgress();

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  onEvent(event: AppEvent): void {
    const previous = this.#progress.apply(event);
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
      for (const line of event.lines) {
        this.#write(`${event.platform} ${event.node}`, cleanLine(line));
      }
    }
    if (event.event === 'job.changed' && previous && previous.status !== event.job.status) {
      this.#printPhase(event.job);
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

  #printPhase(job: Job): void {
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
function phaseText({ status, durationMs = 0, bytesSent, bytesReceived, digest, problem }: Job): string | undefined {
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
