import { type ReactNode, useState } from 'react';
import { call } from '../../api.ts';
import { FolderDialog } from '../../parts/FolderDialog.tsx';
import { useBuilds } from '../../stores/builds.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import { findFolder } from './find-folder.ts';
import type { Dropped } from './folder-drop.ts';
import { folderName, parentFolder, recentProjects } from './recent-projects.ts';

export interface ProjectChooser {
  /** Asks for a folder; it starts beside the last project. */
  readonly choose: (beside?: string) => void;
  /** Takes what was dropped; where its path is hidden, finds it or asks. */
  readonly takeDropped: (dropped: Dropped) => void;
  /** Makes the sample project and takes it. */
  readonly trySample: () => void;
  /** Draw it somewhere. */
  readonly dialog: ReactNode;
}

interface Asking {
  readonly start: string | undefined;
  readonly hint?: string;
  readonly search?: string;
}

/** The ways to a project folder. @param onChoose called with its absolute path */
export function useProjectChooser(onChoose: (context: string) => void): ProjectChooser {
  const [asking, setAsking] = useState<Asking>();

  function choose(beside = contextsBuilt()[0]): void {
    setAsking({ start: beside && parentFolder(beside) });
  }

  async function take({ name, isFolder, path }: Dropped): Promise<void> {
    if (path !== undefined) {
      const folder = isFolder ? path : parentFolder(path);
      if (folder !== undefined && (isFolder || /(container|docker)file/i.test(folderName(path)))) {
        onChoose(folder);
        return;
      }
    }
    if (!isFolder) {
      toast({ title: `${name} is a file`, description: 'Drop the folder that holds the Containerfile.' });
      return;
    }
    const start = await findFolder(name, contextsBuilt());
    setAsking({
      start,
      search: name,
      hint:
        start === undefined
          ? `Browsers hide where a dropped folder is, and ${name} is not beside your projects: show where.`
          : `Browsers hide where a dropped folder is. Is this the ${name} you dropped?`,
    });
  }

  return {
    choose,
    takeDropped: (dropped) => void take(dropped).catch(toastProblem),
    trySample: () => {
      call('projects.sample', {}).then(({ context }) => onChoose(context), toastProblem);
    },
    dialog: (
      <FolderDialog
        {...asking}
        open={asking !== undefined}
        onClose={() => setAsking(undefined)}
        onChoose={(path) => {
          setAsking(undefined);
          onChoose(path);
        }}
      />
    ),
  };
}

function contextsBuilt(): string[] {
  const { order, byId } = useBuilds.getState();
  return recentProjects(
    order.flatMap((id) => byId[id] ?? []),
    20,
  ).map(({ context }) => context);
}
