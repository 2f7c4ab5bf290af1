import type { NodeStatus } from '../../shared/node.ts';
import { NodeHistory, type Sample, type SampleRange } from '../../shared/node-history.ts';
import type { NodeSamples } from '../../shared/sample.ts';
import type { JobStatistics, Statistics } from '../../shared/statistics.ts';
import { fixtureNow } from './fixture-clock.ts';
import { chance } from './fixture-data.ts';

const minuteMs = 60_000;

/** The histories of nodes by name. Some nodes have gaps: they were down, or the app was closed. */
export function samplesOf(
  statuses: readonly NodeStatus[],
  names: readonly string[],
  range: SampleRange,
): NodeSamples[] {
  const now = fixtureNow();
  return names.map((name) => {
    const status = statuses.find(({ connection }) => connection === name);
    return { node: name, samples: status ? historyOf(name, status, now).samples(range, now) : [] };
  });
}

function historyOf(name: string, status: NodeStatus, now: number): NodeHistory {
  const history = new NodeHistory();
  const { cpus = 4, memory, disk } = status.state === 'up' ? status.node : {};
  const gapFrom = 60 + Math.floor(60 * chance(`gap ${name}`));
  const hasGap = chance(`has gap ${name}`) < 0.4;
  for (let minutes = 24 * 60; minutes >= 0; minutes -= minutes > 180 ? 5 : minutes > 10 ? 1 : 0.25) {
    const at = now - minutes * minuteMs;
    if ((hasGap && minutes < gapFrom && minutes > gapFrom - 25) || (status.state === 'down' && minutes < 40)) {
      continue;
    }
    history.add(sampleAt(name, at, minutes, { cpus, memory, disk }));
  }
  if (status.state === 'up') {
    const { load } = status.node;
    history.add({
      ...sampleAt(name, now, 0, { cpus, memory, disk }),
      ...(load === undefined ? {} : { load }),
      ...(memory ? { memoryFree: memory.free } : {}),
    });
  }
  if (hasGap) {
    history.add({ at: now - gapFrom * minuteMs, down: true });
  }
  if (status.state === 'down') {
    history.add({ at: now - 39 * minuteMs, down: true });
  }
  return history;
}

interface Machine {
  readonly cpus: number;
  readonly memory: { readonly total: number; readonly free: number } | undefined;
  readonly disk: { readonly total: number; readonly free: number } | undefined;
}

function sampleAt(name: string, at: number, minutes: number, { cpus, memory, disk }: Machine): Sample {
  const phase = 40 * chance(name);
  const wave = Math.max(0, Math.sin((minutes + phase) / 17)) * Math.max(0, Math.sin((minutes + phase) / 5.3));
  const noise = chance(`${name} ${Math.round(minutes)}`);
  const running = wave > 0.5 ? 2 : wave > 0.1 ? 1 : 0;
  return {
    at,
    load: cpus * (0.08 + 0.85 * wave + 0.06 * noise),
    ...(memory ? { memoryFree: memory.total * (0.75 - 0.45 * wave - 0.05 * noise) } : {}),
    ...(disk ? { diskFree: disk.free + disk.total * 0.1 * (minutes / 1440) - disk.total * 0.01 * wave } : {}),
    running,
    waiting: wave > 0.8 ? 3 : 0,
  };
}

/** Statistics of builds on these nodes. */
export function statisticsOf(statuses: readonly NodeStatus[], builds: number): Statistics {
  if (builds === 0) {
    return { builds: { done: 0, failed: 0, cancelled: 0 }, hasOlder: false, platforms: [], nodes: [], pairs: [] };
  }
  const up = statuses.flatMap((status) => (status.state === 'up' ? [status.node] : []));
  const pairs = up.map(({ connection, platform }) => ({ node: connection, platform, ...jobsOf(connection, builds) }));
  const platforms = [...new Set(up.map(({ platform }) => platform))].sort();
  return {
    builds: {
      done: Math.round(builds * 0.9),
      failed: Math.round(builds * 0.07),
      cancelled: Math.round(builds * 0.03),
      times: { count: Math.min(1_000, builds), medianMs: 184_000, p90Ms: 462_000 },
    },
    from: new Date(fixtureNow() - 40 * 24 * 60 * minuteMs).toISOString(),
    hasOlder: builds >= 1_000,
    platforms: platforms.map((platform) => ({ platform, ...jobsOf(platform, builds) })),
    nodes: pairs.map(({ platform: _, ...node }) => node),
    pairs,
  };
}

function jobsOf(name: string, builds: number): JobStatistics {
  const luck = chance(`jobs ${name}`);
  const medianMs = 40_000 + 300_000 * luck;
  const lost = luck > 0.7 ? 4 : 0;
  const failed = Math.round(builds * 0.15 * luck * luck);
  const times = (factor: number, count: number) => ({
    count,
    medianMs: medianMs * factor,
    p90Ms: medianMs * factor * 1.9,
  });
  return {
    done: Math.round(builds * 0.8),
    failed,
    cancelled: 2,
    skipped: 5,
    lost,
    cold: times(1.2, 80),
    warm: times(0.3, 220),
    all: times(1, 300),
    failures: [
      ...(failed > 0 ? [{ kind: 'build' as const, count: failed }] : []),
      ...(lost > 0 ? [{ kind: 'node' as const, count: lost }] : []),
    ],
  };
}
