/** Projects that were built last, in the menu of the dock and of the taskbar. */
import type { JumpListCategory, MenuItemConstructorOptions } from 'electron';
import type { BuildEntry } from '../../shared/build-entry.ts';

const maxProjects = 8;

/** @param builds newest first @returns the folder of each project once */
export function recentFolders(builds: readonly BuildEntry[]): string[] {
  return [...new Set(builds.flatMap(({ project }) => (project === '' ? [] : [project])))].slice(0, maxProjects);
}

/** The menu of the dock on macOS. */
export function dockMenu(folders: readonly string[], open: (folder: string) => void): MenuItemConstructorOptions[] {
  return folders.map((folder) => ({ label: `Build ${nameOf(folder)}`, toolTip: folder, click: () => open(folder) }));
}

/** The menu of the taskbar on Windows, which starts the program again with a folder. */
export function jumpList(folders: readonly string[], program: string): JumpListCategory[] {
  if (folders.length === 0) {
    return [];
  }
  return [
    {
      type: 'custom',
      name: 'Recent projects',
      items: folders.map((folder) => ({
        type: 'task',
        title: `Build ${nameOf(folder)}`,
        description: folder,
        program,
        args: quoted(folder),
        iconPath: program,
        iconIndex: 0,
      })),
    },
  ];
}

/** An argument of a Windows program: a backslash before the closing quote would escape it. */
function quoted(folder: string): string {
  return `"${folder.replace(/\\$/, '\\\\')}"`;
}

/** The last part of a path with slashes or backslashes. */
function nameOf(folder: string): string {
  return folder.split(/[/\\]/).findLast((part) => part !== '') ?? folder;
}
