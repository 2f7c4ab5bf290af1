import type { AppEvent, CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import type { Result } from '../../shared/problem.ts';

/** `lost` means that the app does not answer now and is being asked again; on `open` after it everything must be loaded anew. */
export type LinkState = 'connecting' | 'open' | 'lost';

/** A way to the app. Both doors look the same from above. */
export interface Transport {
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>>;
  onEvent(listener: (event: AppEvent) => void): () => void;
  /** Tells the present state at once. */
  onLink(listener: (state: LinkState) => void): () => void;
  /** Hears the ids of commands (commands.ts) that were chosen in the system's menus; only the desktop door has some. */
  onMenu?(listener: (command: string) => void): () => void;
  /** The path on this computer of a dropped or chosen file, empty where it has none; only the desktop door knows it. */
  pathOf?(file: File): string;
}
