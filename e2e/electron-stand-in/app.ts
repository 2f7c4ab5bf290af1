import { EventEmitter } from 'node:events';
import { type FSWatcher, mkdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeChromium, openChromium } from './chromium.ts';
import { BrowserWindow, PreventableEvent } from './window.ts';

/** `app`: the lifecycle from ready to quit, and the single-instance lock of a user data folder. */
class StandInApp extends EventEmitter {
  readonly isPackaged = false;
  readonly #paths = new Map([['userData', join(tmpdir(), 'electron-stand-in')]]);
  readonly #ready = new Promise<void>((resolve) => this.once('ready', resolve));
  #watcher: FSWatcher | undefined;
  #lock: string | undefined;

  /** Emits `ready` after the program's modules have run, as Electron does. */
  start(): void {
    setImmediate(async () => {
      if (this.#lock !== undefined) {
        await openChromium(join(this.getPath('userData'), 'chromium'));
      }
      this.emit('ready');
    });
  }

  whenReady(): Promise<void> {
    return this.#ready;
  }

  getPath(name: string): string {
    return this.#paths.get(name) ?? '';
  }

  setPath(name: string, path: string): void {
    this.#paths.set(name, path);
  }

  /** Uses a file as the lock, where Electron uses a socket. A second instance passes its data in another file. */
  requestSingleInstanceLock(data: unknown = {}): boolean {
    const folder = this.getPath('userData');
    mkdirSync(folder, { recursive: true });
    const lock = join(folder, 'only-instance');
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
    } catch {
      writeFileSync(join(folder, `second-${process.pid}.json`), JSON.stringify([process.argv, process.cwd(), data]));
      return false;
    }
    this.#lock = lock;
    this.#watcher = watch(folder, (_kind, name) => {
      if (name?.startsWith('second-')) {
        this.#handleSecondInstance(join(folder, name));
      }
    });
    return true;
  }

  #handleSecondInstance(file: string): void {
    try {
      const [argv, cwd, data]: unknown[] = JSON.parse(readFileSync(file, 'utf8'));
      rmSync(file);
      this.emit('second-instance', new PreventableEvent(), argv, cwd, data);
    } catch {
      // the file is incomplete, or was already handled
    }
  }

  quit(): void {
    const event = new PreventableEvent();
    this.emit('before-quit', event);
    if (event.defaultPrevented) {
      return;
    }
    for (const window of BrowserWindow.getAllWindows()) {
      window.close();
    }
    if (BrowserWindow.getAllWindows().length === 0) {
      this.emit('will-quit', new PreventableEvent());
      this.exit(0);
    }
  }

  exit(code = 0): void {
    this.#watcher?.close();
    if (this.#lock !== undefined) {
      rmSync(this.#lock, { force: true });
    }
    void closeChromium().finally(() => process.exit(code));
  }
}

export const standInApp = new StandInApp();

BrowserWindow.events.on('window-created', (window: unknown) => {
  standInApp.emit('browser-window-created', new PreventableEvent(), window);
});
BrowserWindow.events.on('created', (contents: unknown) => {
  standInApp.emit('web-contents-created', new PreventableEvent(), contents);
});
BrowserWindow.events.on('all-closed', () => standInApp.emit('window-all-closed'));

// exit when the tests that started this process have ended
process.on('disconnect', () => standInApp.exit(1));
