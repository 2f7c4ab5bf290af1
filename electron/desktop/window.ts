import { app, BrowserWindow, screen } from 'electron';
import log from 'electron-log/node';
import { channels, type MenuCommand } from './channels.ts';
import { offerReload } from './crash.ts';
import { pageUrl } from './url-policy.ts';
import { mainWindowOptions } from './window-options.ts';
import { readWindowState, restoredBounds, saveWindowState } from './window-state.ts';

/** The main window. On macOS it can be closed while the app runs; it is opened again when needed. */
export class MainWindow {
  readonly #stateFolder: string;
  #window: BrowserWindow | undefined;
  #canClose = false;

  constructor(stateFolder: string) {
    this.#stateFolder = stateFolder;
  }

  /** The window, if it is open. */
  get current(): BrowserWindow | undefined {
    return this.#window;
  }

  /** Opens the window or brings it to the front, and shows the route if there is one. */
  show(route?: string): void {
    const window = this.#window;
    if (!window) {
      this.#window = this.#open(route);
      return;
    }
    if (window.isMinimized()) {
      window.restore();
    }
    window.show();
    window.focus();
    if (route !== undefined) {
      this.#send(window, channels.route, route);
    }
  }

  /** Runs a command of the page. Opens the window if necessary. */
  run(command: MenuCommand): void {
    this.show();
    if (this.#window) {
      this.#send(this.#window, channels.command, command);
    }
  }

  /** Lets the window close without quitting the app first. Called when the app has cleaned up. */
  allowClose(): void {
    this.#canClose = true;
  }

  /** Sends a message when the page has loaded. */
  #send(window: BrowserWindow, channel: string, message: string): void {
    const contents = window.webContents;
    if (contents.isLoading()) {
      contents.once('did-finish-load', () => contents.send(channel, message));
    } else {
      contents.send(channel, message);
    }
  }

  #open(route: string | undefined): BrowserWindow {
    const state = readWindowState(this.#stateFolder);
    const screens = screen.getAllDisplays().map(({ workArea }) => workArea);
    const window = new BrowserWindow({ ...mainWindowOptions(), ...restoredBounds(state, screens) });
    window.once('ready-to-show', () => {
      if (state?.maximised) {
        window.maximize();
      }
      window.show();
    });
    window.on('close', () => {
      saveWindowState(this.#stateFolder, { ...window.getNormalBounds(), maximised: window.isMaximized() });
    });
    window.on('closed', () => {
      this.#window = undefined;
    });
    offerReload(window);
    // on Windows and Linux, closing the window quits the app, which may ask first (see quit.ts)
    window.on('close', (event) => {
      if (process.platform !== 'darwin' && !this.#canClose) {
        event.preventDefault();
        app.quit();
      }
    });
    window.loadURL(pageUrl(route)).catch((error: unknown) => log.error('The page could not be loaded.', error));
    return window;
  }
}
