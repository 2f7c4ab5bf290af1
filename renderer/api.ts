import type { AppEvent, CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { Failure } from '../shared/problem.ts';
import { openBrowserTransport } from './transport/browser.ts';
import { openDesktopTransport } from './transport/desktop.ts';
import type { CallOptions, LinkState, Transport } from './transport/transport.ts';

/** The one connection of this window to the app. */
let transport: Transport | undefined;

/** Uses the bridge of the desktop's preload script if there is one, else HTTP to the server that sent this page. */
function getTransport(): Transport {
  transport ??= window.barnraiser ? openDesktopTransport(window.barnraiser) : openBrowserTransport();
  return transport;
}

/** Replaces the transport in tests. With `undefined`, the next call opens the default transport of the window again. */
export function setTransport(replacement: Transport | undefined): void {
  transport = replacement;
}

/**
 * Calls the app. When the signal aborts, the app cancels the call, and its result is not returned.
 * @throws Failure with the problem that the app reports, or with code `bug` if the app does not respond; the reason of the
 * signal
 */
export async function call<N extends CallName>(
  name: N,
  input: CallInput<N>,
  options?: CallOptions,
): Promise<CallOutput<N>> {
  return (await callForSnapshot(name, input, options)).value;
}

/** Calls the app as {@link call} does, and resolves also with the number of the last event that the output includes. */
export async function callForSnapshot<N extends CallName>(
  name: N,
  input: CallInput<N>,
  options: CallOptions = {},
): Promise<{ value: CallOutput<N>; seq: number }> {
  options.signal?.throwIfAborted();
  const result = await getTransport().call(name, input, options);
  options.signal?.throwIfAborted();
  if (!result.ok) {
    throw new Failure(result.problem);
  }
  return { value: result.value, seq: result.seq ?? 0 };
}

/** Calls `listener` with every event of the app and its number until the returned function is called. */
export function subscribe(listener: (event: AppEvent, seq: number) => void): () => void {
  return getTransport().onEvent(listener);
}

/** Calls `listener` with the current state of the link to the app, and again whenever it changes. */
export function subscribeLink(listener: (state: LinkState) => void): () => void {
  return getTransport().onLink(listener);
}

/** Calls `listener` with the ids of commands chosen in the system's menus. Only the desktop front end has such menus. */
export function subscribeMenu(listener: (command: string) => void): () => void {
  return getTransport().onMenu?.(listener) ?? (() => {});
}

/** @returns the path of a dropped file or folder; undefined in the browser front end, because browsers hide paths from pages */
export function pathOf(file: File): string | undefined {
  return getTransport().pathOf?.(file) || undefined;
}

/** Whether {@link showItem} does anything: a browser shows no folders of the computer. */
export function canShowItem(): boolean {
  return getTransport().showItem !== undefined;
}

/** Shows a file or folder of this computer in its file manager. */
export function showItem(path: string): void {
  getTransport().showItem?.(path);
}
