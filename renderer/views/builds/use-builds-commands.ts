import type { RefObject } from 'react';
import { formatReferenceShort } from '../../../shared/format.ts';
import { type Command, useCommands } from '../../commands.ts';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { useBuilds } from '../../stores/builds.ts';

export interface BuildsCommandsOptions {
  readonly searchRef: RefObject<HTMLInputElement | null>;
  /** The id of the active row, if it is a build. */
  readonly activeId: string | undefined;
  readonly selectedIds: readonly string[];
  readonly open: (id: string) => void;
  readonly rebuild: (id: string) => void;
  readonly compare: (ids: readonly [string, string]) => void;
  readonly compareWithPrevious: (id: string) => void;
  readonly openDeleteDialog: (ids: readonly string[]) => void;
}

/** The commands of the build history. All functions must be stable. */
export function useBuildsCommands({
  searchRef,
  activeId,
  selectedIds,
  open,
  rebuild,
  compare,
  compareWithPrevious,
  openDeleteDialog,
}: BuildsCommandsOptions): void {
  useCommands(() => {
    const commands: Command[] = [
      {
        id: 'builds:filter',
        label: 'Filter builds',
        group: 'view',
        icon: 'search',
        shortcut: shortcuts.filterBuilds.keys,
        run: () => searchRef.current?.focus(),
      },
    ];
    const [first, second] = selectedIds;
    if (selectedIds.length === 2 && first !== undefined && second !== undefined) {
      commands.push({
        id: 'builds:compare',
        label: 'Compare the selected builds',
        group: 'view',
        icon: 'compare',
        run: () => compare([first, second]),
      });
    }
    const build = activeId === undefined ? undefined : useBuilds.getState().entries[activeId];
    if (build) {
      const name = formatReferenceShort(build.reference);
      commands.push(
        {
          id: 'builds:open',
          label: `Open build ${name}`,
          group: 'view',
          icon: 'builds',
          run: () => open(build.id),
        },
        {
          id: 'builds:rebuild',
          label: `Rebuild ${name}…`,
          group: 'view',
          icon: 'refresh',
          run: () => rebuild(build.id),
        },
        {
          id: 'builds:compare-before',
          label: `Compare ${name} with the previous build`,
          group: 'view',
          icon: 'compare',
          run: () => compareWithPrevious(build.id),
        },
        {
          id: 'builds:delete',
          label: `Delete build ${name}…`,
          group: 'view',
          icon: 'trash',
          run: () => openDeleteDialog([build.id]),
        },
      );
    }
    return commands;
  }, [searchRef, activeId, selectedIds.join(' '), open, rebuild, compare, compareWithPrevious, openDeleteDialog]);
}
