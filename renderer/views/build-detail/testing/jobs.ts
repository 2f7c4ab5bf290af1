import type { Job } from '../../../../shared/build.ts';
import { type Platform, parsePlatform } from '../../../../shared/platform.ts';
import type { Step } from '../../../../shared/step.ts';

/** The start time of the builds in tests. */
export const start = Date.parse('2026-03-01T10:00:00.000Z');

export function at(seconds: number): string {
  return new Date(start + seconds * 1_000).toISOString();
}

export function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    throw new Error(`${text} is not a valid platform`);
  }
  return parsed;
}

/** A step that starts and ends at these seconds; without an end it is running. */
export function makeStep(index: number, name: string, from: number, to?: number, more: Partial<Step> = {}): Step {
  const durationMs = to === undefined ? {} : { durationMs: (to - from) * 1_000 };
  return { id: `0:${index}`, index, total: 3, name, cached: false, startedAt: at(from), ...durationMs, ...more };
}

export function makeJob(name: string, more: Partial<Job> = {}): Job {
  return {
    platform: platform(name),
    node: 'pi4',
    mode: 'native',
    reason: 'native, idle',
    status: 'building',
    steps: [],
    bytesSent: 0,
    bytesReceived: 0,
    startedAt: at(1),
    lost: [],
    ...more,
  };
}
