import { Toast } from '@base-ui/react/toast';
import { type Problem, problemOf } from '../../shared/problem.ts';

export type ToastKind = 'done' | 'info' | 'failed';

export interface ToastData {
  readonly problem?: Problem;
}

/** The one stack of toasts; the frame's `ToastArea` shows it. Its timers stop while the pointer or the focus is on it. */
export const toastManager = Toast.createToastManager<ToastData>();

export interface ToastInput {
  readonly title: string;
  readonly description?: string;
  readonly kind?: ToastKind;
  /** One way to answer, as `Undo` or `Show build`. */
  readonly action?: { readonly label: string; readonly run: () => void };
  /** How long it stays, in milliseconds; longer where there is an action. */
  readonly timeoutMs?: number;
}

/** Tells something that needs no answer, without taking the focus. @returns its id for {@link closeToast} */
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

/** Tells what went wrong with something that has no place of its own on the screen; it stays until it is closed. */
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
