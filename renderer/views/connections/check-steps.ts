import type { Check, CheckStep, CheckStepState, Stage } from '../../../shared/check.ts';
import type { Destination } from '../../../shared/connection.ts';
import { formatCount, formatDuration } from '../../../shared/format.ts';
import type { DisplayPhase } from '../../parts/PhaseBadge.tsx';

const stages: Readonly<Record<Stage, { readonly label: string; readonly failure: string; readonly position: string }>> =
  {
    name: { label: 'Host name', failure: 'Host name not found', position: 'host name lookup' },
    port: { label: 'Port', failure: 'Host unreachable', position: 'the port' },
    tls: { label: 'TLS', failure: 'TLS failed', position: 'TLS' },
    'client-certificate': {
      label: 'Client certificate',
      failure: 'Client certificate refused',
      position: 'the client certificate',
    },
    'host-key': { label: 'Host key', failure: 'Host key rejected', position: 'the host key' },
    'sign-in': { label: 'Sign-in', failure: 'Sign-in failed', position: 'sign-in' },
    socket: { label: 'Socket', failure: 'Socket unavailable', position: 'the engine socket' },
    'container-engine': {
      label: 'Engine of the container',
      failure: 'Engine of the container unavailable',
      position: 'the engine of the container',
    },
    container: { label: 'Container', failure: 'Container unusable', position: 'the container' },
    kubectl: { label: 'kubectl', failure: 'kubectl unavailable', position: 'kubectl' },
    pod: { label: 'Pod', failure: 'Pod unusable', position: 'the pod' },
    engine: { label: 'Engine', failure: 'Engine error', position: 'the engine' },
    platforms: { label: 'Platforms', failure: 'Platforms unknown', position: 'the platforms check' },
    emulation: { label: 'Emulation', failure: 'Emulation unavailable', position: 'emulation' },
    disk: { label: 'Disk', failure: 'Disk full', position: 'the disk check' },
    forwarding: { label: 'Forwarding', failure: 'Forwarding refused', position: 'forwarding' },
    'reverse-forwarding': {
      label: 'Reverse forwarding',
      failure: 'Reverse forwarding refused',
      position: 'reverse forwarding',
    },
  };

export function stageLabel(stage: Stage): string {
  return stages[stage].label;
}

/** Summarizes a failed step in a few words: `Host unreachable`, `bastion: sign-in failed`. */
export function summarizeFailure({ stage, hop }: Pick<CheckStep, 'stage' | 'hop'>): string {
  const { failure } = stages[stage];
  return hop === undefined ? failure : `${hop}: ${failure.charAt(0).toLowerCase()}${failure.slice(1)}`;
}

/** The steps of one jump host, or those of the node itself. */
export interface StepsOfHop {
  readonly hop: string | undefined;
  readonly steps: readonly CheckStep[];
}

export function groupByHop(steps: readonly CheckStep[]): readonly StepsOfHop[] {
  const hops = [...new Set(steps.map(({ hop }) => hop))];
  return hops.map((hop) => ({ hop, steps: steps.filter((step) => step.hop === hop) }));
}

export const phaseOfState: Readonly<Record<CheckStepState, DisplayPhase>> = {
  waiting: 'waiting',
  running: 'running',
  passed: 'done',
  warned: 'warning',
  failed: 'failed',
};

const stateLabels: Readonly<Record<CheckStepState, string>> = {
  waiting: 'Waiting',
  running: 'Running…',
  passed: 'Passed',
  warned: 'Warning',
  failed: 'Failed',
};

export function stateLabel(state: CheckStepState): string {
  return stateLabels[state];
}

/** Formats a duration for a column: `12 ms`, `3.2 s`. */
export function formatStepDuration(ms: number): string {
  return ms < 950 ? `${Math.max(1, Math.round(ms))} ms` : formatDuration(ms);
}

/** Describes the status of a check in a sentence: `Passed with 2 warnings in 1.2 s.` */
export function describeOutcome({ status, steps, tookMs }: Check): string {
  const took = tookMs === undefined ? '' : formatStepDuration(tookMs);
  const warnings = steps.filter(({ state }) => state === 'warned').length;
  const passed = steps.filter(({ state }) => state === 'passed').length;
  switch (status) {
    case 'running':
      return 'Checking…';
    case 'passed': {
      const result = warnings > 0 ? `Passed with ${formatCount(warnings, 'warning')}` : `All ${passed} stages passed`;
      return `${result}${took && ` in ${took}`}.`;
    }
    case 'cancelled':
      return `Cancelled${took && ` after ${took}`}.`;
    case 'failed': {
      const failed = steps.find(({ state }) => state === 'failed');
      const where = failed ? `Failed at ${stages[failed.stage].position}` : 'Failed';
      const host = failed?.hop === undefined ? '' : ` (jump host ${failed.hop})`;
      return `${where}${host}${took && ` after ${took}`}.`;
    }
  }
}

/** Where a command must be run: `on pi4`, or `on this computer` if the engine is local or the command is for this computer. */
export function describeLocation(where: 'node' | 'here', name: string, kind: Destination['kind']): string {
  return where === 'here' || kind === 'local' || kind === 'unix' ? 'on this computer' : `on ${name}`;
}
