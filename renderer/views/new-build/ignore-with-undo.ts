import type { CallInput } from '../../../shared/contract.ts';
import { formatCount } from '../../../shared/format.ts';
import { call } from '../../api.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';

/** Adds patterns to the ignore file of a project, with a toast that can undo it. @param onChange reads the project again */
export function ignoreWithUndo(
  project: Omit<CallInput<'projects.ignore'>, 'patterns' | 'undo'>,
  patterns: readonly string[],
  onChange: () => void,
): void {
  const change = (undo: boolean) => call('projects.ignore', { ...project, patterns: [...patterns], undo });
  const [first = ''] = patterns;
  change(false).then(({ path }) => {
    onChange();
    toast({
      title: `Added ${patterns.length === 1 ? first : formatCount(patterns.length, 'pattern')} to ${fileName(path)}`,
      kind: 'done',
      action: { label: 'Undo', run: () => void change(true).then(onChange, toastProblem) },
    });
  }, toastProblem);
}

function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
