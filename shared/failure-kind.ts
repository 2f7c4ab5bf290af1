import type { ProblemCode } from './failure.ts';

/** Why jobs fail, in groups. Without the schemas of `statistics.ts`, which the page does not load. */
export const failureKindNames = ['build', 'node', 'disk', 'registry', 'other'] as const;
export type FailureKind = (typeof failureKindNames)[number];

/** The words for the groups, everywhere. */
export const failureKindWords: Readonly<Record<FailureKind, string>> = {
  build: 'the build itself',
  node: 'the node',
  disk: 'a full disk',
  registry: 'a registry',
  other: 'something else',
};

/** The group of an area of problem codes: what is before the dot. Others are `other`. */
const kindOfArea: Readonly<Record<string, FailureKind>> = {
  build: 'build',
  context: 'build',
  source: 'build',
  secret: 'build',
  ssh: 'node',
  tcp: 'node',
  tls: 'node',
  container: 'node',
  pod: 'node',
  connection: 'node',
  engine: 'node',
  disk: 'disk',
  registry: 'registry',
  push: 'registry',
};

export function failureKindOf(code: ProblemCode | undefined): FailureKind {
  return kindOfArea[code?.split('.')[0] ?? ''] ?? 'other';
}

/** The share of jobs that are done of those that were not cancelled, from 0 to 1. A job that moved away from a node is not done there. Undefined without any. */
export function successRate({
  done,
  failed,
  lost = 0,
}: {
  done: number;
  failed: number;
  lost?: number;
}): number | undefined {
  const ended = done + failed + lost;
  return ended === 0 ? undefined : done / ended;
}

/** A share in percent, `100 %` only if nothing failed: `97 %`, `99.6 %`. */
export function formatRate(rate: number): string {
  const percent = rate * 100;
  return `${percent > 99 && percent < 100 ? Math.min(99.9, Number(percent.toFixed(1))) : Math.round(percent)} %`;
}
