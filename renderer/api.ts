import type { AppEvent, CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { Failure } from '../shared/problem.ts';
import { openBrowserTransport } from './transport/browser.ts';
import { openDesktopTransport } from './transport/desktop.ts';
import type { LinkState, Transport } from './transport/transport.ts';

let transport: Transport | undefined;

/** The transport of this window: the desktop's preload where there is one, else HTTP to the server that sent this page. */
function link(): Transport {
  transport ??= window.barnraiser ? openDesktopTransport(window.barnraiser) : openBrowserTransport();
  return transport;
}

/** Gives tests a transport of their own; undefined finds the window's again. */
export function setTransport(given: Transport | undefined): void {
  transport = given;
}

/**
 * Asks the app.
 * @throws Failure with the problem that the app reports, or `bug` where the app does not answer.
 */
export async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await link().call(name, input);
  if (!result.ok) {
    throw new Failure(result.problem);
  }
  return result.value;
}

/** Hears every event of the app until the returned function is called. */
export function subscribe(listener: (event: AppEvent) => void): () => void {
  return link().onEvent(listener);
}

/** Hears whether the app can be reached; told at once what is known now. */
export function subscribeLink(listener: (state: LinkState) => void): () => void {
  return link().onLink(listener);
}

/** Hears the ids of commands that were chosen in the system's menus, where the door has some. */
export function subscribeMenu(listener: (command: string) => void): () => void {
  return link().onMenu?.(listener) ?? (() => {});
}

/** The path of a dropped file or folder, or undefined where this door cannot know it (browsers hide paths from pages). */
export function pathOf(file: File): string | undefined {
  return link().pathOf?.(file) || undefined;
}
