import { useEffect } from 'react';
import { create } from 'zustand';
import type { IconName } from './parts/Icon.tsx';

/** Something a person can do from anywhere, as the palette lists it. */
export interface Command {
  /** Unique; `view:thing` by habit, as `build:cancel`. */
  readonly id: string;
  /** What it does, in sentence case: `Cancel build api:1.4`. */
  readonly label: string;
  /** Where it stands in the palette. */
  readonly group: 'Here' | 'Build' | 'Push' | 'Go to' | 'Connections' | 'App';
  readonly icon?: IconName;
  /** Other words to find it by. */
  readonly keywords?: readonly string[];
  /** Keys that run it anywhere, as `Mod+Enter` (Mod is Cmd on a Mac, else Ctrl). Not while a text field that needs them has the focus. */
  readonly shortcut?: string;
  readonly run: () => void;
}

interface Commands {
  readonly bySource: Readonly<Record<string, readonly Command[]>>;
}

export const useCommandStore = create<Commands>(() => ({ bySource: {} }));

let nextSource = 0;

/** Adds commands until the returned function is called. */
export function registerCommands(commands: readonly Command[]): () => void {
  nextSource += 1;
  const source = String(nextSource);
  useCommandStore.setState(({ bySource }) => ({ bySource: { ...bySource, [source]: commands } }));
  return () =>
    useCommandStore.setState(({ bySource }) => {
      const { [source]: _, ...rest } = bySource;
      return { bySource: rest };
    });
}

/**
 * The commands of a component while it is on the screen. They are registered anew when one of `deps` changes, so name
 * everything in it that a label or `run` depends on.
 */
export function useCommands(make: () => readonly Command[], deps: readonly unknown[]): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller names what its commands depend on, as with useEffect
  useEffect(() => registerCommands(make()), deps);
}

/** Every command there is now; one registered later stands before an earlier one with the same id. */
export function allCommands({ bySource }: Commands): readonly Command[] {
  const byId = new Map<string, Command>();
  for (const commands of Object.values(bySource)) {
    for (const command of commands) {
      byId.set(command.id, command);
    }
  }
  return [...byId.values()];
}
