import { formatCount, formatList } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import type { Preview } from './use-preview.ts';

export interface Readiness {
  readonly hasProject: boolean;
  /** No engine can build the Containerfile. */
  readonly hasErrors: boolean;
  /** Why the reference is not valid, if it is not. */
  readonly referenceError: string | undefined;
  /** The image is to be pushed, and the destination is not valid. */
  readonly lacksDestination: boolean;
  /** Why there is no node for any platform, if there is none. */
  readonly nothingToBuildOn: string | undefined;
  readonly hasPlatforms: boolean;
  /** It is not known yet which nodes can build the selected platforms. */
  readonly isChecking: boolean;
  /** Selected platforms that no node can build. */
  readonly unassigned: readonly string[];
  /** What the options are called whose values are not valid. */
  readonly invalidOptions: readonly string[];
}

/** @returns the first reason why a build cannot be started, as a sentence; undefined if it can be started */
export function reasonNotReady(readiness: Readiness): string | undefined {
  const {
    hasProject,
    hasErrors,
    referenceError,
    lacksDestination,
    nothingToBuildOn,
    hasPlatforms,
    isChecking,
    unassigned,
    invalidOptions,
  } = readiness;
  if (!hasProject) {
    return 'Choose a project with a Containerfile or Dockerfile.';
  }
  if (hasErrors) {
    return 'Correct the Containerfile.';
  }
  if (referenceError !== undefined) {
    return 'Enter a valid image name.';
  }
  if (lacksDestination) {
    return 'Enter where to push the image.';
  }
  if (nothingToBuildOn !== undefined) {
    return nothingToBuildOn;
  }
  if (!hasPlatforms) {
    return 'Select at least one platform.';
  }
  if (unassigned.length > 0) {
    return `No node can build ${unassigned.length > 2 ? `${unassigned.length} of the platforms` : formatList(unassigned)}.`;
  }
  const [invalid] = invalidOptions;
  if (invalid !== undefined) {
    return invalidOptions.length === 1
      ? `Correct the option “${invalid}”.`
      : `Correct ${formatCount(invalidOptions.length, 'option')}.`;
  }
  return isChecking ? 'Checking what the nodes can build.' : undefined;
}

/**
 * Why there is no node to build on, as a sentence; undefined if there is one.
 * @param nodeCount how many nodes the build may use @param farm undefined for all connections or a list of them
 */
export function reasonWithoutNodes(
  { schedule, problem }: Pick<Preview, 'schedule' | 'problem'>,
  nodeCount: number,
  farm: string | undefined,
): string | undefined {
  if (problem) {
    return problem.message;
  }
  const leftOut = schedule?.leftOut ?? [];
  if (leftOut.length === 0 || leftOut.length < nodeCount) {
    return undefined;
  }
  const isReachable = leftOut.some((left) => left.problem.code === 'engine.unsupported');
  return `No node${farm === undefined ? '' : ` of ${farm}`} can ${isReachable ? 'do what the build asks for' : 'be reached'}.`;
}

/** `For 3 platforms`, or `For all native platforms` while the platforms of the nodes are still unknown. */
export function describePlatforms(selected: readonly Platform[], isCoverageIncomplete: boolean): string {
  if (selected.length === 0) {
    return isCoverageIncomplete ? 'For all native platforms' : '';
  }
  return `For ${formatCount(selected.length, 'platform')}`;
}
