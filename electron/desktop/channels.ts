import type { AppEvent, CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import type { Result } from '../../shared/problem.ts';

/** All IPC channels between the main process and the window. The preload script uses no others. */
export const channels = {
  /** From the window, before anything else: a page was loaded, in place of the page before. */
  start: 'barnraiser:start',
  /** From the window, with a result: a call of the contract, by its name, its input and an id. */
  call: 'barnraiser:call',
  /** From the window: the id of a call to cancel. */
  cancel: 'barnraiser:cancel',
  /** From the window: the absolute path of a file or folder to show in the file manager. */
  showItem: 'barnraiser:show-item',
  /** To the window: an event of the contract and its number. */
  event: 'barnraiser:event',
  /** To the window: the id of a command that was chosen in a menu. */
  command: 'barnraiser:command',
  /** To the window: a route to show, as a value of `location.hash`. */
  route: 'barnraiser:route',
} as const;

/** The commands of the page that menus contain, by their ids in the page. */
export type MenuCommand =
  | 'build:new'
  | 'about'
  | 'palette'
  | 'go:builds'
  | 'go:images'
  | 'go:connections'
  | 'go:settings'
  | 'go:back'
  | 'go:forward'
  | 'connection:add'
  | 'guide'
  | 'samples'
  | 'connection:probe';

/** The API that the preload script exposes to the page as `window.barnraiser`. */
export interface DesktopBridge {
  /** @param id names the call for {@link cancel}; different for each call that may be cancelled */
  call<N extends CallName>(name: N, input: CallInput<N>, id?: string): Promise<Result<CallOutput<N>>>;
  cancel(id: string): void;
  /** @returns a function that ends the subscription */
  onEvent(listener: (event: AppEvent, seq: number) => void): () => void;
  /** Subscribes to commands that are chosen in menus. @returns a function that ends the subscription */
  onMenu(listener: (command: MenuCommand) => void): () => void;
  /** The path of a dropped or selected file or folder, or an empty string. */
  pathOf(file: File): string;
  /** Shows a file or folder in the file manager of the system. */
  showItem(path: string): void;
}
