import { type AppEvent, type CallInput, type CallName, type CallOutput, calls } from '../../shared/contract.ts';
import type { Result } from '../../shared/problem.ts';

/** Every way between the window and the app. There are no others: the preload script sends and hears nothing else. */
export const channels = {
  /** window → app, answered: a call of the contract by its name, with its input. */
  call: 'barnraiser:call',
  /** app → window: an event of the contract. */
  event: 'barnraiser:event',
  /** app → window: the id of a command that was chosen in a menu. */
  command: 'barnraiser:command',
  /** app → window: a place to show, as `location.hash` names it. */
  place: 'barnraiser:place',
} as const;

/** The commands of the renderer that stand in menus, by their ids there. */
export type MenuCommand =
  | 'build:new'
  | 'palette'
  | 'go:builds'
  | 'go:images'
  | 'go:connections'
  | 'go:settings'
  | 'go:back'
  | 'go:forward'
  | 'connection:add'
  | 'connection:probe';

/** What the preload script puts into the page as `window.barnraiser`. */
export interface DesktopBridge {
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>>;
  /** Hears every event until the returned function is called. */
  onEvent(listener: (event: AppEvent) => void): () => void;
  /** Hears the ids of commands that are chosen in menus until the returned function is called. */
  onMenu(listener: (command: MenuCommand) => void): () => void;
  /** The path of a dropped or chosen file or folder; empty where it has none. */
  pathOf(file: File): string;
}

/** Is this the name of a call of the contract? Nothing else is let through, on either side. */
export function isCallName(name: unknown): name is CallName {
  return typeof name === 'string' && Object.hasOwn(calls, name);
}
