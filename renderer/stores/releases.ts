import { create } from 'zustand';
import { type Problem, problemOf } from '../../shared/problem.ts';
import type { ReleaseState } from '../../shared/version-info.ts';
import { call, subscribe } from '../api.ts';
import { navigate } from './navigation.ts';
import { toast } from './toasts.ts';

interface Releases {
  /** Undefined until loaded. */
  readonly state: ReleaseState | undefined;
  readonly isChecking: boolean;
  readonly problem: Problem | undefined;
}

/** What is known of newer releases. */
export const useReleases = create<Releases>(() => ({ state: undefined, isChecking: false, problem: undefined }));

/** Never rejects: what fails is shown beside the switch. */
export async function loadReleases(): Promise<void> {
  await set(call('releases.get', {}));
}

/** Asks the list of releases now. Never rejects. */
export async function checkReleases(): Promise<void> {
  useReleases.setState({ isChecking: true });
  await set(call('releases.check', {}));
  useReleases.setState({ isChecking: false });
}

async function set(answer: Promise<ReleaseState>): Promise<void> {
  try {
    useReleases.setState({ state: await answer, problem: undefined });
  } catch (error) {
    useReleases.setState({ problem: problemOf(error) });
  }
}

/** Says it when a newer release is found. @returns a function that stops it */
export function startReleaseNotices(): () => void {
  return subscribe((event) => {
    if (event.event === 'releases.newer') {
      toast({
        title: `Barnraiser ${event.release.version} is there`,
        action: { label: 'Show', run: () => navigate({ view: 'settings' }) },
      });
    }
  });
}
