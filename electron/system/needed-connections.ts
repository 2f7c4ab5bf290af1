import { AsyncLocalStorage } from 'node:async_hooks';

const listeners = new AsyncLocalStorage<(connection: string) => void>();

/**
 * Runs work and calls the listener with the name of each connection that it needs, also for what it leaves running. That
 * tells which front end waits for a connection, and so for the answers to the questions about it.
 */
export function observeNeededConnections<T>(listener: ((connection: string) => void) | undefined, work: () => T): T {
  return listener ? listeners.run(listener, work) : work();
}

/** To be called before a connection is opened, or waited for while someone else opens it. */
export function noteNeededConnection(name: string): void {
  listeners.getStore()?.(name);
}
