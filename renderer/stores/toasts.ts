import { Toast } from '@base-ui/react/toast';
import { type Problem, problemOf } from '../../shared/problem.ts';

export type ToastKind = 'done' | 'info' | 'failed';

export interface ToastData {
  readonly problem?: Problem;
}

/** All toasts of the window, shown by `ToastArea`. Their timers pause while the pointer or the focus is on them. */
export const toastManager = Toast.createToastManager<ToastData>();

export interface ToastInput {
  readonly title: string;
  readonly description?: string;
  readonly kind?: ToastKind;
  /** A button in the toast, such as `Undo` or `Show build`. */
  readonly action?: { readonly label: string; readonly run: () => void };
  /** How long it stays, in milliseconds. The default is longer if there is an action. */
  readonly timeoutMs?: number;
}

/** Shows a message without taking the focus. @returns the id for {@link closeToast} */
export function toast({ title, description, kind = 'info', action, timeoutMs }: ToastInput): string {
  const id = toastManager.add({
    title,
    description,
    type: kind,
    timeout: timeoutMs ?? (action ? 10_000 : 5_000),
    priority: kind === 'failed' ? 'high' : 'low',
    ...(action
      ? {
          actionProps: {
            children: action.label,
            onClick: () => {
              action.run();
              toastManager.close(id);
            },
          },
        }
      : {}),
  });
  return id;
}

/** Shows a failure that belongs to no visible element. The toast stays until it is closed. */
export function toastProblem(error: unknown): string {
  const problem = problemOf(error);
  return toastManager.add({
    title: problem.message,
    description: problem.fix,
    type: 'failed',
    timeout: 0,
    priority: 'high',
    data: { problem },
  });
}

export function closeToast(id: string): void {
  toastManager.close(id);
}
