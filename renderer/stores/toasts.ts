import { Toast } from '@base-ui/react/toast';
import { create } from 'zustand';
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

/** How long a toast stays, in milliseconds: one with an action long enough to read it, decide and reach it by keyboard. */
const stayMs = 5_000;
const stayWithActionMs = 30_000;

/** What can be undone: the toasts with *Undo* that are visible, newest last. */
export const useUndo = create<{ readonly steps: readonly UndoStep[] }>(() => ({ steps: [] }));

interface UndoStep {
  readonly id: string;
  /** The title of the toast. */
  readonly title: string;
  readonly run: () => void;
}

const undoLabel = 'Undo';

/** Shows a message without taking the focus. @returns the id for {@link closeToast} */
export function toast({ title, description, kind = 'info', action, timeoutMs }: ToastInput): string {
  const run = (): void => {
    action?.run();
    toastManager.close(id);
  };
  const id: string = toastManager.add({
    title,
    description,
    type: kind,
    timeout: timeoutMs ?? (action ? stayWithActionMs : stayMs),
    priority: kind === 'failed' ? 'high' : 'low',
    ...(action ? { actionProps: { children: action.label, onClick: run } } : {}),
    onClose: () => useUndo.setState(({ steps }) => ({ steps: steps.filter((step) => step.id !== id) })),
  });
  if (action?.label === undoLabel) {
    useUndo.setState(({ steps }) => ({ steps: [...steps, { id, title, run }] }));
  }
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
