/** Transport: how the page reaches the app. */

import type { AppEvent, CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import type { Result } from '../../shared/problem.ts';

/**
 * `lost`: the app does not respond, and reconnecting is under way. `denied`: it does not admit this page, because it was started
 * again. At the next `open`, all data must be loaded again.
 */
export type LinkState = 'connecting' | 'open' | 'lost' | 'denied';

export interface CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** How the page reaches the app. The desktop and the browser front end each have an implementation. */
export interface Transport {
  call<N extends CallName>(name: N, input: CallInput<N>, options?: CallOptions): Promise<Result<CallOutput<N>>>;
  /** Calls `listener` with every event and its number. */
  onEvent(listener: (event: AppEvent, seq: number) => void): () => void;
  /** Calls `listener` at once with the current state, and again whenever it changes. */
  onLink(listener: (state: LinkState) => void): () => void;
  /** Calls `listener` with the ids of commands (commands.ts) chosen in the system's menus. Desktop only. */
  onMenu?(listener: (command: string) => void): () => void;
  /** @returns the path of a dropped or chosen file; empty if it has none. Desktop only. */
  pathOf?(file: File): string;
  /** Shows a file or folder in the system's file manager. Desktop only. */
  showItem?(path: string): void;
}
