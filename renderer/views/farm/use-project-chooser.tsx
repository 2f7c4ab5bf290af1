import { type ReactNode, useState } from 'react';
import { contextName } from '../../../shared/git-url.ts';
import { call } from '../../api.ts';
import { FolderDialog } from '../../parts/FolderDialog.tsx';
import { isArchiveName } from '../../parts/folder-path.ts';
import { useBuilds } from '../../stores/builds.ts';
import { navigate } from '../../stores/navigation.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import { findFolder } from './find-folder.ts';
import { parentFolder, recentProjects } from './recent-projects.ts';
import type { DroppedItem } from './use-folder-drop.ts';

export interface ProjectChooser {
  /** Opens the folder dialog in the parent folder of `beside`, by default the last project. */
  readonly choose: (beside?: string) => void;
  /** Opens what was dropped. If the browser hides its path, looks for it and asks for confirmation. */
  readonly openDropped: (dropped: DroppedItem) => void;
  /** Must be rendered by the caller. */
  readonly dialog: ReactNode;
}

interface DialogState {
  readonly start: string | undefined;
  readonly hint?: string;
  readonly search?: string;
}

/** Lets a person choose a project. @param onChoose called with its absolute path, or the URL of a repository */
export function useProjectChooser(onChoose: (context: string) => void): ProjectChooser {
  const [dialogState, setDialogState] = useState<DialogState>();

  function choose(beside = recentContexts()[0]): void {
    setDialogState({ start: beside && parentFolder(beside) });
  }

  async function open({ name, isFolder, path }: DroppedItem): Promise<void> {
    if (path !== undefined && (await call('images.recognise', { path })).hasImages) {
      navigate({ view: 'images', load: path });
      return;
    }
    if (path !== undefined && isArchiveName(name) && !isFolder) {
      onChoose(path);
      return;
    }
    if (path !== undefined) {
      const folder = isFolder ? path : parentFolder(path);
      if (folder !== undefined && (isFolder || /(container|docker)file/i.test(contextName(path)))) {
        onChoose(folder);
        return;
      }
    }
    if (!isFolder) {
      toast({
        title: `${name} is a file`,
        description: 'Drop the folder that contains the Containerfile, or a tar of it.',
      });
      return;
    }
    const start = await findFolder(name, recentContexts());
    setDialogState({
      start,
      search: name,
      hint:
        start === undefined
          ? `The browser does not reveal the path of a dropped folder, and there is no ${name} near your other projects. Select it here.`
          : `The browser does not reveal the path of a dropped folder. Is this the ${name} you dropped?`,
    });
  }

  return {
    choose,
    openDropped: (dropped) => void open(dropped).catch(toastProblem),
    dialog: (
      <FolderDialog
        {...dialogState}
        acceptsSources
        open={dialogState !== undefined}
        onClose={() => setDialogState(undefined)}
        onChoose={(path) => {
          setDialogState(undefined);
          onChoose(path);
        }}
      />
    ),
  };
}

function recentContexts(): string[] {
  const { order, entries } = useBuilds.getState();
  return recentProjects(
    order.flatMap((id) => entries[id] ?? []),
    20,
  ).map(({ context }) => context);
}
