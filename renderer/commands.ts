import { useEffect } from 'react';
import { create } from 'zustand';
import type { IconName } from './parts/Icon.tsx';

/** The headings of the palette, in their order. */
export const commandGroups = {
  view: 'Current view',
  build: 'Build',
  go: 'Go to',
  builds: 'Builds',
  images: 'Images',
  nodes: 'Nodes',
  connections: 'Connections',
  app: 'App',
  problems: 'Problems',
} as const;

/** An action that the palette lists, and that a shortcut can run. */
export interface Command {
  /** Unique. By convention `subject:action`, such as `build:cancel`. */
  readonly id: string;
  /** In sentence case, verb first: `Cancel build api:1.4`. */
  readonly label: string;
  /** The heading in the palette under which it is listed. */
  readonly group: keyof typeof commandGroups;
  /** What tells it from others with a similar label, such as the path of a folder. */
  readonly hint?: string;
  readonly icon?: IconName;
  /** Other words that a search for it may use. */
  readonly keywords?: readonly string[];
  /** From the table of shortcuts. A text field that uses the keys itself takes precedence. */
  readonly shortcut?: string;
  /** It ends work or changes a node at once. The palette finds it by its verb only, so that Enter never runs it by mistake. */
  readonly danger?: boolean;
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
 * Registers commands while the component is mounted, and again when one of `deps` changes. `deps` must contain everything
 * that a label or `run` depends on.
 */
export function useCommands(make: () => readonly Command[], deps: readonly unknown[]): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller passes the dependencies, as with useEffect
  useEffect(() => registerCommands(make()), deps);
}

/** @returns all registered commands; of two with the same id the one registered last */
export function allCommands({ bySource }: Commands): readonly Command[] {
  const byId = new Map<string, Command>();
  for (const commands of Object.values(bySource)) {
    for (const command of commands) {
      byId.set(command.id, command);
    }
  }
  return [...byId.values()];
}
