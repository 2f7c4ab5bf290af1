import { app } from 'electron';
import { z } from 'zod';
import { linkScheme, routeOfLink } from './app-link.ts';
import { folderAt, folderFromArguments, linkFromArguments } from './opened-folder.ts';

/** What the app is opened with: a folder for a new build, or a link to a view. With neither, only the window is opened. */
const openingSchema = z.object({ folder: z.string().optional(), link: z.string().optional() });
type Opening = z.infer<typeof openingSchema>;

export interface OpeningHandlers {
  openFolder(folder: string): unknown;
  /** @param route without it, the window is opened as it is */
  show(route?: string): unknown;
}

/** What the app is opened with: as an argument, dropped on its icon, by a link, or by starting the app again. */
export class Openings {
  #pending: Opening;
  #handlers: OpeningHandlers | undefined;

  /** Subscribes at once: macOS can send the first `open-file` or `open-url` event before the app is ready. */
  constructor(first: Opening) {
    this.#pending = first;
    app.on('open-file', (event, path) => {
      event.preventDefault();
      this.#handle({ folder: folderAt(path) });
    });
    app.on('open-url', (event, link) => {
      event.preventDefault();
      this.#handle({ link });
    });
    app.on('second-instance', (_event, _argv, _cwd, data) => this.#handle(openingSchema.safeParse(data).data ?? {}));
    app.on('activate', () => this.#handle({}));
  }

  /** Handles what is pending, and everything from now on. */
  onOpen(handlers: OpeningHandlers): void {
    this.#handlers = handlers;
    this.#handle(this.#pending);
  }

  #handle(opening: Opening): void {
    const { folder, link } = opening;
    if (!this.#handlers) {
      this.#pending = folder === undefined && link === undefined ? this.#pending : opening;
    } else if (folder !== undefined) {
      this.#handlers.openFolder(folder);
    } else {
      // a link that is not valid opens the window as it is
      this.#handlers.show(link === undefined ? undefined : routeOfLink(link));
    }
  }
}

/** @returns undefined if the app is already running; what it is opened with is then passed to the running instance */
export function requestSingleInstance(): Openings | undefined {
  const opening: Opening = {
    folder: folderFromArguments(process.argv, process.cwd(), app.isPackaged),
    link: linkFromArguments(process.argv),
  };
  if (!app.requestSingleInstanceLock(opening)) {
    return undefined;
  }
  // packages register the scheme by themselves on Linux and macOS; not from the sources, which may go away
  if (app.isPackaged) {
    app.setAsDefaultProtocolClient(linkScheme);
  }
  return new Openings(opening);
}
