/** Electron's access to the system. Tests replace functions to observe calls, as they do with Electron itself. */
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';

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

/** An icon that is not drawn. Tests replace `setContextMenu` to observe its menu. */
export class Tray extends EventEmitter {
  constructor(icon: string) {
    super();
    if (!existsSync(icon)) {
      throw new Error(`Failed to load image from path '${icon}'`);
    }
  }

  setToolTip(_text: string): void {}

  setContextMenu(_menu: unknown): void {}
}

export const shell = {
  openExternal: async (_url: string): Promise<void> => {},
  openPath: async (_path: string): Promise<string> => '',
  showItemInFolder: (_path: string): void => {},
};

/** Tests emit `resume` and `shutdown`. */
export const powerMonitor = new EventEmitter();

export const nativeTheme = { themeSource: 'system', shouldUseDarkColors: false };

export const screen = {
  getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1040 } }],
};

type RequestHandler = (
  contents: unknown,
  permission: string,
  callback: (isAllowed: boolean) => void,
  details: { requestingUrl: string },
) => void;
type CheckHandler = (contents: unknown, permission: string, origin: string) => boolean;

/** Chromium does not ask these handlers. Tests do. */
export const permissionHandlers: { request?: RequestHandler; check?: CheckHandler } = {};

export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler: RequestHandler): void => {
      permissionHandlers.request = handler;
    },
    setPermissionCheckHandler: (handler: CheckHandler): void => {
      permissionHandlers.check = handler;
    },
  },
};

/** A desktop without a keyring, where Electron would encrypt with a public key. */
export const safeStorage = {
  getSelectedStorageBackend: (): string => 'basic_text',
  isAsyncEncryptionAvailable: async (): Promise<boolean> => true,
  encryptStringAsync: noAnswer,
  decryptStringAsync: noAnswer,
};
