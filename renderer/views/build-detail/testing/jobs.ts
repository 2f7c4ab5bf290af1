import type { Job, Step } from '../../../../shared/build.ts';
import { type Platform, parsePlatform } from '../../../../shared/platform.ts';

/** When the builds of these tests begin. */
export const start = Date.parse('2026-03-01T10:00:00.000Z');

export function at(seconds: number): string {
  return new Date(start + seconds * 1_000).toISOString();
}

export function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    throw new Error(`${text} is no platform`);
  }
  return parsed;
}

/** A step from one second to another; without an end it goes on. */
export function step(index: number, text: string, from: number, to?: number, more: Partial<Step> = {}): Step {
  const durationMs = to === undefined ? {} : { durationMs: (to - from) * 1_000 };
  return { index, total: 3, text, cached: false, startedAt: at(from), ...durationMs, ...more };
}

export function jobOf(name: string, more: Partial<Job> = {}): Job {
  return {
    platform: platform(name),
    node: 'pi4',
    mode: 'native',
    reason: 'runs it natively',
    status: 'building',
    steps: [],
    bytesSent: 0,
    bytesReceived: 0,
    startedAt: at(1),
    lost: [],
    ...more,
  };
}
