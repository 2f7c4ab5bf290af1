import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Frame, Page, Request as PageRequest } from 'playwright';
import { fromShown, judgeNavigations, theContext, toShown } from './chromium.ts';
import { RefusableEvent } from './events.ts';
import { invoke } from './ipc.ts';

const bindingName = '__electronStandIn';

type FromPage = { kind: 'hear' } | { kind: 'open'; url: string } | { kind: 'invoke'; channel: string; args: unknown[] };
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
  readonly webPreferences?: {
    readonly preload?: string;
    readonly sandbox?: boolean;
    readonly contextIsolation?: boolean;
    readonly nodeIntegration?: boolean;
  };
}
type OpenAnswer = { action: 'deny' } | { action: 'allow'; overrideBrowserWindowOptions?: Options };

/** A page, as Electron's main process sees it. */
export class WebContents extends EventEmitter {
  /** Settled when the page is there; windows are made at once, pages are not. */
  readonly #page: Promise<Page>;
  #shown: Page | undefined;
  /** The URL that the program itself has asked for: going there is no navigation of the page's own. */
  #asked: string | undefined;
  #loading = false;
  #hearing = false;
  #messages: Message[] = [];
  #deliver: ((messages: Message[]) => void) | undefined;
  #openHandler: (details: { url: string }) => OpenAnswer = () => ({ action: 'allow' });

  constructor(options: Options) {
    super();
    const { sandbox, contextIsolation, nodeIntegration, preload } = options.webPreferences ?? {};
    if (!sandbox || !contextIsolation || nodeIntegration !== false) {
      throw new Error(
        'A window would give its page more than the preload script does; here there are no such windows.',
      );
    }
    this.#page = openPage(preload);
    void this.#page.then((page) => this.#follow(page));
  }

  #follow(page: Page): void {
    this.#shown = page;
    pages.set(page, this);
    arrivals.emit('page', page);
    page.on('load', () => {
      this.#loading = false;
      this.emit('did-finish-load');
    });
  }

  get page(): Promise<Page> {
    return this.#page;
  }

  async loadURL(url: string): Promise<void> {
    this.#asked = toShown(url);
    this.#loading = true;
    await (await this.#page).goto(this.#asked);
  }

  reload(): void {
    this.#asked = this.#shown?.url();
    void this.#shown?.reload();
  }

  getURL(): string {
    return fromShown(this.#shown?.url() ?? '');
  }

  isLoading(): boolean {
    return this.#loading;
  }

  isDestroyed(): boolean {
    return this.#shown?.isClosed() ?? false;
  }

  async executeJavaScript(code: string): Promise<unknown> {
    return (await this.#page).evaluate(code);
  }

  setWindowOpenHandler(handler: (details: { url: string }) => OpenAnswer): void {
    this.#openHandler = handler;
  }

  /** What is sent while no script of the page hears is lost, as in Electron. */
  send(channel: string, ...args: unknown[]): void {
    if (this.#hearing) {
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

  /** Answers what the page's preload script sends. */
  async fromPage(frame: Frame, message: FromPage): Promise<unknown> {
    if (message.kind === 'hear') {
      this.#hearing = true;
      return new Promise<Message[]>((resolve) => {
        this.#deliver = resolve;
        this.#flush();
      });
    }
    if (message.kind === 'open') {
      const url = fromShown(message.url);
      const answer = this.#openHandler({ url });
      if (answer.action === 'allow') {
        new BrowserWindow(answer.overrideBrowserWindowOptions).loadURL(url).catch(() => {
          // closed before it was loaded
        });
      }
      return undefined;
    }
    const url = fromShown(frame.url());
    const senderFrame = { url, parent: frame.parentFrame() === null ? null : {} };
    try {
      return { value: await invoke(message.channel, message.args, this, senderFrame) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  /** May this navigation go on? The program's own may; a page's own is told to the program, which may refuse it. */
  mayNavigate(url: string, isMainFrame: boolean): boolean {
    const asked = isMainFrame && withoutHash(url) === withoutHash(this.#asked ?? '');
    if (!asked) {
      for (const name of isMainFrame ? ['will-frame-navigate', 'will-navigate'] : ['will-frame-navigate']) {
        const event = Object.assign(new RefusableEvent(), { url: fromShown(url), isMainFrame });
        this.emit(name, event);
        if (event.defaultPrevented) {
          return false;
        }
      }
    }
    if (isMainFrame) {
      this.#asked = undefined;
      this.#loading = true;
      this.#hearing = false;
      this.#messages = [];
    }
    return true;
  }
}

const pages = new Map<Page, WebContents>();
const arrivals = new EventEmitter();
arrivals.setMaxListeners(0);

/** The contents that a page belongs to: of a window that a page has opened, once that was judged. */
function contentsOf(page: Page): Promise<WebContents> {
  return new Promise((resolve) => {
    const look = (): void => {
      const contents = pages.get(page);
      if (contents) {
        arrivals.off('page', look);
        resolve(contents);
      }
    };
    arrivals.on('page', look);
    look();
  });
}

let prepared: Promise<void> | undefined;

/** A page in which the preload script is run; one and the same in all of them. */
async function openPage(preload: string | undefined): Promise<Page> {
  prepared ??= prepare(preload);
  await prepared;
  return theContext().newPage();
}

async function prepare(preload: string | undefined): Promise<void> {
  const context = theContext();
  await context.exposeBinding(bindingName, async ({ page, frame }, message: FromPage) =>
    (await contentsOf(page)).fromPage(frame, message),
  );
  if (preload !== undefined) {
    const script = readFileSync(new URL('./in-page.js', import.meta.url), 'utf8');
    const body = `function (require, exports, module) { ${readFileSync(preload, 'utf8')}\n }`;
    await context.addInitScript(`(() => { ${script}; runPreload(${body}, '${bindingName}'); })()`);
  }
}

judgeNavigations((request: PageRequest) => {
  const frame = frameOf(request);
  const contents = frame ? pages.get(frame.page()) : undefined;
  // a window that a page has opened without asking, as a link does, gets nothing to show
  return frame && contents ? contents.mayNavigate(request.url(), frame.parentFrame() === null) : false;
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
    void this.webContents.page.then((page) => page.on('close', () => this.#gone()));
    BrowserWindow.events.emit('created', this.webContents);
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
    const event = new RefusableEvent();
    this.emit('close', event);
    if (!event.defaultPrevented) {
      this.destroy();
    }
  }

  destroy(): void {
    void this.webContents.page.then((page) => page.close());
    this.#gone();
  }

  #gone(): void {
    if (this.#destroyed) {
      return;
    }
    this.#destroyed = true;
    windows.delete(this);
    this.blur();
    this.emit('closed');
    if (windows.size === 0) {
      BrowserWindow.events.emit('all-closed');
    }
  }
}
