/** Electron's access to the system. Tests replace functions to observe calls, as they do with Electron itself. */
import { EventEmitter } from 'node:events';

const noAnswer = async (): Promise<never> => {
  throw new Error('This dialog has no answer.');
};

export const dialog = {
  showMessageBox: noAnswer,
  showOpenDialog: noAnswer,
  showErrorBox: (title: string, content: string): void => console.error(`${title}: ${content}`),
};

export class Notification extends EventEmitter {
  readonly title: string;
  readonly body: string;

  constructor({ title, body }: { title: string; body: string }) {
    super();
    this.title = title;
    this.body = body;
  }

  static isSupported(): boolean {
    return true;
  }

  show(): void {}
}

export const shell = {
  openExternal: async (_url: string): Promise<void> => {},
  openPath: async (_path: string): Promise<string> => '',
};

/** Tests emit `resume`. */
export const powerMonitor = new EventEmitter();

export const nativeTheme = { themeSource: 'system', shouldUseDarkColors: false };

export const screen = {
  getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1040 } }],
};

export const session = {
  defaultSession: {
    setPermissionRequestHandler: (_handler: unknown): void => {},
    setPermissionCheckHandler: (_handler: unknown): void => {},
  },
};

/** A desktop without a keyring, where Electron would encrypt with a public key. */
export const safeStorage = {
  getSelectedStorageBackend: (): string => 'basic_text',
  isAsyncEncryptionAvailable: async (): Promise<boolean> => true,
  encryptStringAsync: noAnswer,
  decryptStringAsync: noAnswer,
};
