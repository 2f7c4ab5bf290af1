import type { Writable } from 'node:stream';
import type { Build, Job } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { formatBytes, formatClock, formatCount } from '../../shared/format.ts';
import { BuildProgress, type BuildView } from './build-view.ts';
import { cleanLine } from './format.ts';

/** Plain lines for logs and pipes, each with the platform and node that it is about. Nothing is ever printed twice or changed. */
export class PlainView implements BuildView {
  readonly #stream: Writable;
  readonly #progress = new BuildProgress();

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  onEvent(event: AppEvent): void {
    const before = this.#progress.apply(event);
    const build = this.#progress.build;
    if (!build) {
      return;
    }
    if (event.event === 'build.started' && event.build === build) {
      this.#started(build);
    }
    if (event.event === 'build.context' && event.buildId === build.id && event.done) {
      this.#say('build', `the context is packed: ${formatCount(event.files, 'file')}, ${formatBytes(event.bytes)}`);
    }
    if (event.event === 'job.log' && event.buildId === build.id) {
      for (const line of event.lines) {
        this.#say(`${event.platform} ${event.node}`, cleanLine(line));
      }
    }
    if (event.event === 'job.changed' && before && before.status !== event.job.status) {
      this.#phase(event.job);
    }
  }

  finish(): void {
    // every line was printed when it came
  }

  #started({ reference, schedule }: Build): void {
    const on = schedule.assignments.map(({ platform, node, reason }) => `${platform} on ${node} (${reason})`);
    this.#say('build', `${reference}: ${on.join(', ')}`);
    for (const { node, problem } of schedule.leftOut) {
      this.#say('build', `${node} is left out: ${problem.message}`);
    }
  }

  #phase(job: Job): void {
    const told = phaseSentence(job);
    if (told) {
      this.#say(`${job.platform} ${job.node}`, told);
    }
  }

  #say(who: string, what: string): void {
    this.#stream.write(`[${who}] ${what}`.trimEnd().concat('\n'));
  }
}

/** What is said when a job enters a phase. Its steps speak for themselves while it builds. */
function phaseSentence({ status, durationMs = 0, bytesSent, bytesReceived, digest, problem }: Job): string | undefined {
  switch (status) {
    case 'queued':
    case 'building':
      return undefined;
    case 'context':
      return 'sending the context';
    case 'pulling':
      return 'bringing the image back';
    case 'done':
      return `done in ${formatClock(durationMs)}: ${formatBytes(bytesSent)} sent, ${formatBytes(bytesReceived)} received, ${digest ?? ''}`;
    case 'failed':
      return `failed after ${formatClock(durationMs)}: ${cleanLine(problem?.message ?? '')}`;
    case 'cancelled':
      return `cancelled after ${formatClock(durationMs)}`;
  }
}
