import type { CallOutput } from '../../../shared/contract.ts';
import type { LogStream } from '../../../shared/log.ts';

/** A line of a log and what is known about it. Logs of older versions have only texts. */
export interface LogLine {
  readonly text: string;
  readonly stepId?: string | undefined;
  /** When it arrived, in milliseconds since 1970. */
  readonly time?: number | undefined;
  readonly stream?: LogStream | undefined;
}

export function toLogLines({
  lines,
  stepIds,
  times,
  streams,
}: Pick<CallOutput<'builds.log'>, 'lines' | 'stepIds' | 'times' | 'streams'>): LogLine[] {
  return lines.map((text, index) => ({
    text,
    stepId: stepIds?.[index] ?? undefined,
    time: times?.[index],
    stream: streams?.[index],
  }));
}
