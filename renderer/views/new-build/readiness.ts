import { formatCount, formatList } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';

export interface Readiness {
  readonly hasProject: boolean;
  /** Why the reference is not valid, if it is not. */
  readonly referenceError: string | undefined;
  readonly hasPlatforms: boolean;
  /** Selected platforms that no node can build. */
  readonly unassigned: readonly string[];
  readonly hasIncompleteOption: boolean;
}

/** @returns the first reason why a build cannot be started, as a sentence; undefined if it can be started */
export function reasonNotReady(readiness: Readiness): string | undefined {
  const { hasProject, referenceError, hasPlatforms, unassigned, hasIncompleteOption } = readiness;
  if (!hasProject) {
    return 'Choose a project with a Containerfile.';
  }
  if (referenceError !== undefined) {
    return 'Enter a valid image name.';
  }
  if (!hasPlatforms) {
    return 'Select at least one platform.';
  }
  if (unassigned.length > 0) {
    return `No node can build ${unassigned.length > 2 ? `${unassigned.length} of the platforms` : formatList(unassigned)}.`;
  }
  return hasIncompleteOption ? 'Complete or remove the unfinished option.' : undefined;
}

/** `For 3 platforms`, or `For all native platforms` while the platforms of the nodes are still unknown. */
export function describePlatforms(selected: readonly Platform[], isCoverageIncomplete: boolean): string {
  if (selected.length === 0) {
    return isCoverageIncomplete ? 'For all native platforms' : '';
  }
  return `For ${formatCount(selected.length, 'platform')}`;
}
