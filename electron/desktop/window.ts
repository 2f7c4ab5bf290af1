import { app, BrowserWindow, screen } from 'electron';
import log from 'electron-log/node';
import { channels, type MenuCommand } from './channels.ts';
import { offerReload } from './crash.ts';
import { pageUrl } from './origin.ts';
import { mainWindowOptions } from './window-options.ts';
import { keepWindowState, placeWindow, readWindowState } from './window-state.ts';

/** The one window of the app. It may be closed while the app lives, as on a Mac, and comes back when it is needed. */
export class MainWindow {
  readonly #stateFolder: string;
  #window: BrowserWindow | undefined;

  constructor(stateFolder: string) {
    this.#stateFolder = stateFolder;
  }

  /** The window, where it is open. */
  get present(): BrowserWindow | undefined {
    return this.#window;
  }

  /** Brings the window to the front, opened anew where it is not there; a place is what it then shows. */
  show(place?: string): void {
    const window = this.#window;
    if (!window) {
      this.#window = this.#open(place);
      return;
    }
    if (window.isMinimized()) {
      window.restore();
    }
    window.show();
    window.focus();
    if (place !== undefined) {
      this.#send(window, channels.place, place);
    }
  }

  /** Runs a command of the page, in a window that is opened for it where there is none. */
  run(command: MenuCommand): void {
    this.show();
    if (this.#window) {
      this.#send(this.#window, channels.command, command);
    }
  }

  /** Sends once the page can hear it. */
  #send(window: BrowserWindow, channel: string, message: string): void {
    const contents = window.webContents;
    if (contents.isLoading()) {
      contents.once('did-finish-load', () => contents.send(channel, message));
    } else {
      contents.send(channel, message);
    }
  }

  #open(place: string | undefined): BrowserWindow {
    const state = readWindowState(this.#stateFolder);
    const screens = screen.getAllDisplays().map(({ workArea }) => workArea);
    const window = new BrowserWindow({ ...mainWindowOptions(), ...placeWindow(state, screens) });
    window.once('ready-to-show', () => {
      if (state?.maximised) {
        window.maximize();
      }
      window.show();
    });
    window.on('close', () => {
      keepWindowState(this.#stateFolder, { ...window.getNormalBounds(), maximised: window.isMaximized() });
    });
    window.on('closed', () => {
      this.#window = undefined;
    });
    offerReload(window);
    // Windows and Linux end an app with its window; what still runs may keep it, see quit.ts
    window.on('close', (event) => {
      if (process.platform !== 'darwin' && !isQuitting) {
        event.preventDefault();
        app.quit();
      }
    });
    window.loadURL(pageUrl(place)).catch((error: unknown) => log.error('The page could not be loaded.', error));
    return window;
  }
}

/** From here on windows may go: nothing keeps the app. */
let isQuitting = false;
export function letWindowsClose(): void {
  isQuitting = true;
}
