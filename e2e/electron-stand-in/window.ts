import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Frame, Page, Request as PageRequest } from 'playwright';
import { browserContext, fromChromiumUrl, setNavigationFilter, toChromiumUrl } from './chromium.ts';
import { invoke } from './ipc.ts';

/** An event with a default action that a listener can prevent, such as `before-quit`, `close` or `will-navigate`. */
export class PreventableEvent {
  defaultPrevented = false;

  preventDefault(): void {
    this.defaultPrevented = true;
  }
}

const bindingName = '__electronStandIn';

type FromPage =
  | { kind: 'receive' }
  | { kind: 'open'; url: string }
  | { kind: 'invoke'; channel: string; args: unknown[] };
interface Message {
  readonly channel: string;
  readonly args: unknown[];
}

interface Options {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly show?: boolean;
  readonly webPreferences?: WebPreferences;
}
interface WebPreferences {
  readonly preload?: string;
  readonly sandbox?: boolean;
  readonly contextIsolation?: boolean;
  readonly nodeIntegration?: boolean;
}
type OpenAnswer = { action: 'deny' } | { action: 'allow'; overrideBrowserWindowOptions?: Options };

/** A page, as Electron's main process sees it. */
export class WebContents extends EventEmitter {
  /** Resolves when the page is open: windows are created synchronously, pages are not. */
  readonly #page: Promise<Page>;
  #currentPage: Page | undefined;
  /** The URL that the program loads. Navigating there is not a navigation of the page. */
  #requestedUrl: string | undefined;
  #loading = false;
  #isListening = false;
  #messages: Message[] = [];
  #deliver: ((messages: Message[]) => void) | undefined;
  readonly #webPreferences: WebPreferences;
  #openHandler: (details: { url: string }) => OpenAnswer = () => ({ action: 'allow' });

  constructor(options: Options) {
    super();
    this.#webPreferences = options.webPreferences ?? {};
    const { sandbox, contextIsolation, nodeIntegration, preload } = this.#webPreferences;
    if (!sandbox || !contextIsolation || nodeIntegration !== false) {
      throw new Error('The stand-in supports only windows with a sandbox, context isolation and no Node integration.');
    }
    this.#page = openPage(preload);
    void this.#page.then((page) => this.#attach(page));
  }

  #attach(page: Page): void {
    this.#currentPage = page;
    pages.set(page, this);
    pageEvents.emit('page', page);
    page.on('load', () => {
      this.#loading = false;
      this.emit('did-finish-load');
    });
  }

  getLastWebPreferences(): WebPreferences {
    return this.#webPreferences;
  }

  get page(): Promise<Page> {
    return this.#page;
  }

  async loadURL(url: string): Promise<void> {
    this.#requestedUrl = toChromiumUrl(url);
    this.#loading = true;
    await (await this.#page).goto(this.#requestedUrl);
  }

  reload(): void {
    this.#requestedUrl = this.#currentPage?.url();
    void this.#currentPage?.reload();
  }

  getURL(): string {
    return fromChromiumUrl(this.#currentPage?.url() ?? '');
  }

  isLoading(): boolean {
    return this.#loading;
  }

  isDestroyed(): boolean {
    return this.#currentPage?.isClosed() ?? false;
  }

  async executeJavaScript(code: string): Promise<unknown> {
    return (await this.#page).evaluate(code);
  }

  setWindowOpenHandler(handler: (details: { url: string }) => OpenAnswer): void {
    this.#openHandler = handler;
  }

  /** Messages are lost while no script of the page listens, as in Electron. */
  send(channel: string, ...args: unknown[]): void {
    if (this.#isListening) {
      this.#messages.push({ channel, args });
      this.#flush();
    }
  }

  #flush(): void {
    if (this.#deliver && this.#messages.length > 0) {
      this.#deliver(this.#messages);
      this.#deliver = undefined;
      this.#messages = [];
    }
  }

  /** Handles a message of the page's preload script. */
  async fromPage(frame: Frame, message: FromPage): Promise<unknown> {
    if (message.kind === 'receive') {
      this.#isListening = true;
      return new Promise<Message[]>((resolve) => {
        this.#deliver = resolve;
        this.#flush();
      });
    }
    if (message.kind === 'open') {
      const url = fromChromiumUrl(message.url);
      const answer = this.#openHandler({ url });
      if (answer.action === 'allow') {
        new BrowserWindow(answer.overrideBrowserWindowOptions).loadURL(url).catch(() => {
          // the window was closed before it was loaded
        });
      }
      return undefined;
    }
    const url = fromChromiumUrl(frame.url());
    const senderFrame = { url, parent: frame.parentFrame() === null ? null : {} };
    try {
      return { value: await invoke(message.channel, message.args, this, senderFrame) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Navigations of the program are allowed. Navigations of the page emit events, whose listeners can prevent them. */
  isNavigationAllowed(url: string, isMainFrame: boolean): boolean {
    const isRequested = isMainFrame && withoutHash(url) === withoutHash(this.#requestedUrl ?? '');
    if (!isRequested) {
      for (const name of isMainFrame ? ['will-frame-navigate', 'will-navigate'] : ['will-frame-navigate']) {
        const event = Object.assign(new PreventableEvent(), { url: fromChromiumUrl(url), isMainFrame });
        this.emit(name, event);
        if (event.defaultPrevented) {
          return false;
        }
      }
    }
    if (isMainFrame) {
      this.#requestedUrl = undefined;
      this.#loading = true;
      this.#isListening = false;
      this.#messages = [];
    }
    return true;
  }
}

const pages = new Map<Page, WebContents>();
const pageEvents = new EventEmitter();
pageEvents.setMaxListeners(0);

/** Waits for the contents of a page. */
function waitForContents(page: Page): Promise<WebContents> {
  return new Promise((resolve) => {
    const check = (): void => {
      const contents = pages.get(page);
      if (contents) {
        pageEvents.off('page', check);
        resolve(contents);
      }
    };
    pageEvents.on('page', check);
    check();
  });
}

let preparation: Promise<void> | undefined;

/** Opens a page that runs the preload script. All pages use the same script. */
async function openPage(preload: string | undefined): Promise<Page> {
  preparation ??= prepare(preload);
  await preparation;
  return browserContext().newPage();
}

async function prepare(preload: string | undefined): Promise<void> {
  const context = browserContext();
  await context.exposeBinding(bindingName, async ({ page, frame }, message: FromPage) =>
    (await waitForContents(page)).fromPage(frame, message),
  );
  if (preload !== undefined) {
    const script = readFileSync(new URL('./in-page.js', import.meta.url), 'utf8');
    const body = `function (require, exports, module) { ${readFileSync(preload, 'utf8')}\n }`;
    await context.addInitScript(`(() => { ${script}; runPreload(${body}, '${bindingName}'); })()`);
  }
}

setNavigationFilter((request: PageRequest) => {
  const frame = frameOf(request);
  const contents = frame ? pages.get(frame.page()) : undefined;
  // windows that a page opens by itself, such as through a link, have no contents and show nothing
  return frame && contents ? contents.isNavigationAllowed(request.url(), frame.parentFrame() === null) : false;
});

function frameOf(request: PageRequest): Frame | undefined {
  try {
    return request.frame();
  } catch {
    return undefined;
  }
}

function withoutHash(url: string): string {
  return url.split('#', 1)[0] ?? '';
}

const windows = new Set<BrowserWindow>();
let focused: BrowserWindow | null = null;

export class BrowserWindow extends EventEmitter {
  static readonly events = new EventEmitter();

  static getAllWindows(): BrowserWindow[] {
    return [...windows];
  }

  static getFocusedWindow(): BrowserWindow | null {
    return focused;
  }

  readonly webContents: WebContents;
  #bounds: { x: number; y: number; width: number; height: number };
  #maximised = false;
  #visible: boolean;
  #destroyed = false;

  constructor(options: Options = {}) {
    super();
    const { x = 320, y = 120, width = 800, height = 600, show = true } = options;
    this.#bounds = { x, y, width, height };
    this.#visible = show;
    this.webContents = new WebContents(options);
    windows.add(this);
    focused = this;
    this.webContents.once('did-finish-load', () => this.emit('ready-to-show'));
    void this.webContents.page.then((page) => page.on('close', () => this.#handleClosed()));
    BrowserWindow.events.emit('created', this.webContents);
    BrowserWindow.events.emit('window-created', this);
  }

  loadURL(url: string): Promise<void> {
    return this.webContents.loadURL(url);
  }

  show(): void {
    this.#visible = true;
    this.focus();
  }

  hide(): void {
    this.#visible = false;
    this.blur();
  }

  isVisible(): boolean {
    return this.#visible;
  }

  focus(): void {
    focused = this;
  }

  blur(): void {
    focused = focused === this ? null : focused;
  }

  isFocused(): boolean {
    return focused === this;
  }

  isMinimized(): boolean {
    return false;
  }

  restore(): void {}

  maximize(): void {
    this.#maximised = true;
  }

  isMaximized(): boolean {
    return this.#maximised;
  }

  getBounds(): { x: number; y: number; width: number; height: number } {
    return this.#maximised ? { x: 0, y: 0, width: 1920, height: 1040 } : this.#bounds;
  }

  setBounds(bounds: Partial<{ x: number; y: number; width: number; height: number }>): void {
    this.#bounds = { ...this.#bounds, ...bounds };
  }

  getNormalBounds(): { x: number; y: number; width: number; height: number } {
    return this.#bounds;
  }

  setProgressBar(_progress: number): void {}

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  close(): void {
    const event = new PreventableEvent();
    this.emit('close', event);
    if (!event.defaultPrevented) {
      this.destroy();
    }
  }

  destroy(): void {
    void this.webContents.page.then((page) => page.close());
    this.#handleClosed();
  }

  #handleClosed(): void {
    if (this.#destroyed) {
      return;
    }
    this.#destroyed = true;
    windows.delete(this);
    this.blur();
    this.webContents.emit('destroyed');
    this.emit('closed');
    if (windows.size === 0) {
      BrowserWindow.events.emit('all-closed');
    }
  }
}
