import type { Check, CheckStep, CheckStepState, Stage } from '../../../shared/check.ts';
import type { Destination } from '../../../shared/connection.ts';
import { formatCount, formatDuration } from '../../../shared/format.ts';
import type { Said } from '../../parts/PhaseBadge.tsx';

const stages: Readonly<Record<Stage, { readonly word: string; readonly obstacle: string; readonly at: string }>> = {
  name: { word: 'Name', obstacle: 'Name not found', at: 'at the host’s name' },
  port: { word: 'Port', obstacle: 'Host not reached', at: 'at the port' },
  'host-key': { word: 'Host key', obstacle: 'Host key refused', at: 'at the host key' },
  'sign-in': { word: 'Sign-in', obstacle: 'Not signed in', at: 'at the sign-in' },
  socket: { word: 'Socket', obstacle: 'Socket not open', at: 'at the engine’s socket' },
  engine: { word: 'Engine', obstacle: 'Engine refused', at: 'at the engine' },
  platforms: { word: 'Platforms', obstacle: 'Platforms unknown', at: 'at the platforms' },
  emulation: { word: 'Emulation', obstacle: 'Cannot emulate', at: 'at the emulation' },
  disk: { word: 'Disk', obstacle: 'Disk full', at: 'at the disk' },
  forwarding: { word: 'Forwarding', obstacle: 'Forwarding refused', at: 'at the forwarding' },
  return: { word: 'Way back', obstacle: 'No way back', at: 'at the way back' },
};

/** What a stage is called. */
export function stageWord(stage: Stage): string {
  return stages[stage].word;
}

/** In two or three words what stands in the way when a stage has failed: `Host not reached`, `bastion: not signed in`. */
export function obstacleAt({ stage, hop }: Pick<CheckStep, 'stage' | 'hop'>): string {
  const { obstacle } = stages[stage];
  return hop === undefined ? obstacle : `${hop}: ${obstacle.charAt(0).toLowerCase()}${obstacle.slice(1)}`;
}

/** The rungs that belong together: those of a jump host, and those of the node itself, in the order of the way. */
export interface Leg {
  readonly hop: string | undefined;
  readonly rungs: readonly CheckStep[];
}

export function legsOf(rungs: readonly CheckStep[]): readonly Leg[] {
  const hops = [...new Set(rungs.map(({ hop }) => hop))];
  return hops.map((hop) => ({ hop, rungs: rungs.filter((rung) => rung.hop === hop) }));
}

export const phaseOf: Readonly<Record<CheckStepState, Said>> = {
  waiting: 'waiting',
  running: 'running',
  passed: 'done',
  warned: 'warning',
  failed: 'failed',
};

const stateWords: Readonly<Record<CheckStepState, string>> = {
  waiting: 'Waiting',
  running: 'Running…',
  passed: 'Passed',
  warned: 'Warning',
  failed: 'Failed',
};

/** The word for how a rung is. */
export function stateWord(state: CheckStepState): string {
  return stateWords[state];
}

/** How long something took, short enough for a column: `12 ms`, `3.2 s`. */
export function tookWords(ms: number): string {
  return ms < 950 ? `${Math.max(1, Math.round(ms))} ms` : formatDuration(ms);
}

/** How a check ended, in a sentence: `Passed with 2 warnings in 1.2 s.` */
export function outcomeWords({ status, steps: rungs, tookMs }: Check): string {
  const took = tookMs === undefined ? '' : tookWords(tookMs);
  const warnings = rungs.filter(({ state }) => state === 'warned').length;
  const passed = rungs.filter(({ state }) => state === 'passed').length;
  switch (status) {
    case 'running':
      return 'Being tested.';
    case 'passed': {
      const how = warnings > 0 ? `Passed with ${formatCount(warnings, 'warning')}` : `All ${passed} stages passed`;
      return `${how}${took && ` in ${took}`}.`;
    }
    case 'cancelled':
      return `Cancelled${took && ` after ${took}`}.`;
    case 'failed': {
      const failed = rungs.find(({ state }) => state === 'failed');
      const where = failed ? `Stopped ${stages[failed.stage].at}` : 'Failed';
      const whose = failed?.hop === undefined ? '' : ` of ${failed.hop}`;
      return `${where}${whose}${took && ` after ${took}`}.`;
    }
  }
}

/** Where a command is to be typed, in words. A node that is this computer is nowhere else. */
export function whereWords(where: 'node' | 'here', name: string, kind: Destination['kind']): string {
  return where === 'here' || kind !== 'ssh' ? 'on this computer' : `on ${name}`;
}
