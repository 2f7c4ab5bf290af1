import { app } from 'electron';
import { z } from 'zod';
import { folderOf, folderOfArguments } from './opened-folder.ts';

const handedOverSchema = z.object({ folder: z.string().optional() });

/** Folders that are opened with the app: as an argument, dropped on its icon, or through a second start. */
export class OpenedFolders {
  #waiting: string | undefined;
  #open: ((folder: string | undefined) => void) | undefined;

  /** Hears of folders from now on; a Mac tells of the first one before the app is ready. */
  constructor(first: string | undefined) {
    this.#waiting = first;
    app.on('open-file', (event, path) => {
      event.preventDefault();
      this.#tell(folderOf(path));
    });
    app.on('second-instance', (_event, _argv, _cwd, data) => {
      const handedOver = handedOverSchema.safeParse(data);
      this.#tell(handedOver.success ? handedOver.data.folder : undefined);
    });
    app.on('activate', () => this.#tell(undefined));
  }

  /** Calls `open` with what was opened until now, and from now on with each; without a folder only the window is wanted. */
  follow(open: (folder: string | undefined) => void): void {
    this.#open = open;
    open(this.#waiting);
  }

  #tell(folder: string | undefined): void {
    if (this.#open) {
      this.#open(folder);
    } else {
      this.#waiting = folder ?? this.#waiting;
    }
  }
}

/** The opened folders where this is the only start of the app; a second start hands its folder over and gets undefined. */
export function becomeOnlyInstance(): OpenedFolders | undefined {
  const folder = folderOfArguments(process.argv, process.cwd(), app.isPackaged);
  return app.requestSingleInstanceLock({ folder }) ? new OpenedFolders(folder) : undefined;
}
