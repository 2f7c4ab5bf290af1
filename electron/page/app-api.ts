import { type AppEvent, type CallName, calls } from '../../shared/contract.ts';
import type { Result } from '../../shared/problem.ts';
import type { CallOptions } from '../handlers.ts';

/** What a front end uses of the app. The app validates the input of every call. */
export interface AppApi {
  call(name: CallName, input: unknown, options?: CallOptions): Promise<Result<unknown>>;
  /** Calls the listener with every event and its number. @returns a function that ends the subscription */
  subscribe(listener: (event: AppEvent, seq: number) => void): () => void;
}

/** Whether the contract has a call with this name. Other names never reach the app. */
export function isCallName(name: unknown): name is CallName {
  return typeof name === 'string' && Object.hasOwn(calls, name);
}
