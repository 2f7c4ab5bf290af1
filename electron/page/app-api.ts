import { type AppEvent, type CallName, calls } from '../../shared/contract.ts';
import type { Result } from '../../shared/problem.ts';

/** What the page uses of the app. The app validates the input of every call. */
export interface AppApi {
  call(name: CallName, input: unknown): Promise<Result<unknown>>;
  /** @returns a function that ends the subscription */
  subscribe(listener: (event: AppEvent) => void): () => void;
}

/** Whether the contract has a call with this name. Other names never reach the app. */
export function isCallName(name: unknown): name is CallName {
  return typeof name === 'string' && Object.hasOwn(calls, name);
}
