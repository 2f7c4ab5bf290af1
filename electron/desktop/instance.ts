import { app } from 'electron';
import { z } from 'zod';
import { folderAt, folderFromArguments } from './opened-folder.ts';

const instanceDataSchema = z.object({ folder: z.string().optional() });

/** Folders that the app is opened with: as an argument, dropped on its icon, or by starting the app again. */
export class OpenedFolders {
  #pendingFolder: string | undefined;
  #onOpen: ((folder: string | undefined) => void) | undefined;

  /** Subscribes at once: macOS can send the first `open-file` event before the app is ready. */
  constructor(firstFolder: string | undefined) {
    this.#pendingFolder = firstFolder;
    app.on('open-file', (event, path) => {
      event.preventDefault();
      this.#handle(folderAt(path));
    });
    app.on('second-instance', (_event, _argv, _cwd, data) => {
      const parsed = instanceDataSchema.safeParse(data);
      this.#handle(parsed.success ? parsed.data.folder : undefined);
    });
    app.on('activate', () => this.#handle(undefined));
  }

  /** Calls the listener with the folder that is pending, and for each one from now on. Without a folder, only the window is opened. */
  onOpen(listener: (folder: string | undefined) => void): void {
    this.#onOpen = listener;
    listener(this.#pendingFolder);
  }

  #handle(folder: string | undefined): void {
    if (this.#onOpen) {
      this.#onOpen(folder);
    } else {
      this.#pendingFolder = folder ?? this.#pendingFolder;
    }
  }
}

/** @returns undefined if the app is already running; its folder is then passed to the running instance */
export function requestSingleInstance(): OpenedFolders | undefined {
  const folder = folderFromArguments(process.argv, process.cwd(), app.isPackaged);
  return app.requestSingleInstanceLock({ folder }) ? new OpenedFolders(folder) : undefined;
}
