import { z } from 'zod';
import type { LogStream } from '../../../shared/log.ts';
import type { EngineBuild, EngineOutput, EngineStep } from '../engine.ts';
import { LastLines } from '../line-buffer.ts';

/** One message of a build stream of docker's API. Each error is sent twice, in an old and a new form. */
export const buildMessageSchema = z.object({
  stream: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
});

/** podman 4.3 and docker also warn of the arguments that Barnraiser's platform sets, although a Containerfile need not use them. */
const unusedArgsPattern = /^one or more build[ -]args (?:were not consumed: )?\[([^\]]*)\]/i;
const platformArgs = /^(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)$/;

/** What a builder reports that runs one step after the other. */
export class StepOutput {
  /** The engine's error message. */
  error: string | undefined;
  /** The current step, and whether its result came from the cache. */
  step: EngineStep | undefined;
  isCached = false;
  /** What the current step printed last. */
  lastLines = new LastLines();

  protected readonly report: (output: EngineOutput) => void;
  readonly #buildArgs: EngineBuild['buildArgs'];

  constructor(buildArgs: EngineBuild['buildArgs'], report: (output: EngineOutput) => void) {
    this.#buildArgs = buildArgs;
    this.report = report;
  }

  protected beginStep(step: EngineStep): void {
    this.step = step;
    this.isCached = false;
    this.lastLines = new LastLines();
    this.report({ kind: 'step-started', ...step });
  }

  protected endStep(): void {
    if (this.step) {
      const error = this.error === undefined ? {} : { error: this.error };
      this.report({ kind: 'step-ended', id: this.step.id, cached: this.isCached, ...error });
    }
  }

  protected reportLine(text: string, stream: LogStream): void {
    this.lastLines.add(text);
    this.report({ kind: 'log', ...this.#stepId(), stream, time: Date.now(), text });
  }

  protected reportWarning(text: string): void {
    const [, list] = unusedArgsPattern.exec(text) ?? [];
    const unused = list?.split(' ').filter((name) => Object.hasOwn(this.#buildArgs, name) || !platformArgs.test(name));
    if (unused?.length !== 0) {
      const shown = unused && list !== undefined ? text.replace(list, unused.join(' ')) : text;
      this.report({ kind: 'warning', text: shown, ...this.#stepId() });
    }
  }

  #stepId(): { readonly stepId?: string } {
    return this.step ? { stepId: this.step.id } : {};
  }
}

/** The image in a FROM instruction, as it is written. */
export function imageInFrom(text: string): string | undefined {
  return /^FROM\s+(?:--\S+\s+)*(\S+)/i.exec(text)?.[1];
}
