import { resumeBuild } from './builds.ts';
import { navigate } from './navigation.ts';
import { toastProblem } from './toasts.ts';

/** Goes on with an interrupted build and opens it. @param acceptsChanges also if its project has changed since */
export function resumeAndOpen(id: string, acceptsChanges = false): void {
  resumeBuild(id, acceptsChanges).then(() => navigate({ view: 'build', id }), toastProblem);
}
