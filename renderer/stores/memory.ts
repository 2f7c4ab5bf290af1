import { create } from 'zustand';
import type { CallInput } from '../../shared/contract.ts';
import type { Remembered } from '../../shared/window-memory.ts';
import { call } from '../api.ts';

interface Memory {
  /** What windows remember from one start to the next, by key. Loaded before the first view is shown. */
  readonly entries: Remembered;
}

export const useMemory = create<Memory>(() => ({ entries: {} }));

/** Whether a value is of a kind. The page needs so few kinds that a library for them would only make its start slower. */
export type Guard<T> = (value: unknown) => value is T;

export const isFlag: Guard<boolean> = (value) => typeof value === 'boolean';

export function isTextUpTo(maxLength: number): Guard<string> {
  return (value): value is string => typeof value === 'string' && value.length <= maxLength;
}

export function isNumberFrom(min: number): Guard<number> {
  return (value): value is number => typeof value === 'number' && value >= min;
}

export function isOneOf<T extends string>(choices: readonly T[]): Guard<T> {
  return (value): value is T => choices.some((choice) => choice === value);
}

export function isListUpTo<T>(maxLength: number, isItem: Guard<T>): Guard<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.length <= maxLength && value.every(isItem);
}

/** A value that the window remembers. */
export interface RememberedValue<T> {
  readonly key: string;
  readonly isValid: Guard<T>;
  /** The value if none is remembered, or if another version of the window wrote one of another kind. */
  readonly fallback: T;
}

type Value = CallInput<'memory.set'>['value'];

/** Declares a value that the window remembers. @param key see `memoryKeySchema`; unique in the page */
export function remembered<T extends Value>(key: string, isValid: Guard<T>, fallback: T): RememberedValue<T> {
  return { key, isValid, fallback };
}

export function recall<T>({ key, isValid, fallback }: RememberedValue<T>): T {
  const entry = useMemory.getState().entries[key];
  return isValid(entry) ? entry : fallback;
}

/** The value now, updated when it changes. */
export function useRemembered<T>({ key, isValid, fallback }: RememberedValue<T>): T {
  const entry = useMemory(({ entries }) => entries[key]);
  return isValid(entry) ? entry : fallback;
}

/** How long changes are collected before they are sent, in milliseconds: a height changes with every move of the pointer. */
const writeDelayMs = 300;

/** What is not sent yet, by key. */
const unsent = new Map<string, Value>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Changes the value at once, and remembers it. A window that cannot remember works all the same, so failures are ignored. */
export function rememberValue<T extends Value>({ key }: RememberedValue<T>, value: T): void {
  useMemory.setState(({ entries }) => ({ entries: { ...entries, [key]: value } }));
  unsent.set(key, value);
  timer ??= setTimeout(sendRemembered, writeDelayMs);
}

/** Sends what is not sent yet; called when the page is closed, too. */
export function sendRemembered(): void {
  clearTimeout(timer);
  timer = undefined;
  for (const [key, value] of unsent) {
    call('memory.set', { key, value }).catch(() => undefined);
  }
  unsent.clear();
}

/** @throws Failure */
export async function loadMemory(signal?: AbortSignal): Promise<void> {
  const entries = await call('memory.get', {}, signal ? { signal } : {});
  useMemory.setState({ entries: { ...entries, ...Object.fromEntries(unsent) } });
}
