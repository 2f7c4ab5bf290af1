import { create } from 'zustand';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { isTextUpTo, recall, remembered, rememberValue } from './memory.ts';

/**
 * The route of the page. It has three parts, all of them in `location.hash`, so that reloading, bookmarks and the back button
 * keep them:
 *
 * - `view` fills the main area. A folder of `views/` draws it and gets its fields as props.
 * - `sheet` slides over the view. `views/new-build` and `views/push` draw the sheets and get their fields plus `onClose`.
 * - `log` is the job whose log the bottom drawer shows. `views/log` draws it.
 *
 * `navigate` adds an entry to the browser history and closes the sheet. The drawer stays open while its build is shown.
 * Opening or closing a sheet or the drawer replaces the current entry, so the back button never reopens a sheet.
 */
export type View =
  /** Shown first if there are no farms. `project` is built when a farm is created: the path of a folder. */
  | { readonly view: 'first-start'; readonly project?: string }
  | { readonly view: 'farm'; readonly name: string }
  /** The build history. With `project`, the path of a context folder, only the builds of that project. */
  | { readonly view: 'builds'; readonly project?: string }
  | { readonly view: 'build'; readonly id: string }
  /** Several images that are built together. */
  | { readonly view: 'bake'; readonly id: string }
  /** `load` is the path of an archive or folder that is loaded at once. */
  | { readonly view: 'images'; readonly reference?: string; readonly load?: string }
  /** One image with all that is known of it. `section` is one of its tabs, and `platform` what that shows. */
  | { readonly view: 'image'; readonly reference: string; readonly section?: string; readonly platform?: Platform }
  /** Two images: locations of images, or ids of builds. */
  | { readonly view: 'compare'; readonly a?: string; readonly b?: string }
  /** `name` is the selected connection; `adding` opens *Add connection*. */
  | { readonly view: 'connections'; readonly name?: string; readonly adding?: boolean }
  /** `name` is the registry that is shown first; `signIn` opens the dialog to sign in to it. */
  | { readonly view: 'registries'; readonly name?: string; readonly signIn?: boolean }
  /** Which jobs run and wait on the nodes of a farm, or on all nodes. */
  | { readonly view: 'queue'; readonly farm?: string }
  /** Builds at times, and on every change. */
  | { readonly view: 'schedules' }
  | { readonly view: 'settings' }
  /** What the builds of a farm, or all builds, say about platforms and nodes. */
  | { readonly view: 'statistics'; readonly farm?: string }
  /** A log in a window of its own, without sidebar. */
  | { readonly view: 'log'; readonly id: string; readonly platform: Platform; readonly line?: number };

export type Sheet =
  /** `context` is an absolute path. `from` is the id of a build whose settings are used as defaults; `platforms` overrides its platforms. */
  | {
      readonly sheet: 'new-build';
      readonly farm?: string;
      readonly context?: string;
      readonly from?: string;
      readonly platforms?: readonly Platform[];
      /** The id of an action of a problem that changes the defaults, such as `allow-emulation`. */
      readonly apply?: string;
    }
  /** `folder` has files that describe several images. */
  | { readonly sheet: 'bake'; readonly folder: string }
  /** `force` builds it without looking for what is there already. */
  | { readonly sheet: 'package'; readonly folder: string; readonly force?: boolean }
  | { readonly sheet: 'samples' }
  | { readonly sheet: 'push'; readonly reference: string; readonly destination?: string }
  /** Brings an image from a registry to this computer, or to another registry. */
  | { readonly sheet: 'copy'; readonly source?: string; readonly to?: 'here' | 'registry' }
  /** A manifest list, to be looked at and changed. `image` is a location, see `image-location.ts`. */
  | { readonly sheet: 'list'; readonly image?: string }
  /** What takes space on a node, on the nodes of a farm, or on all nodes. */
  | { readonly sheet: 'storage'; readonly farm?: string; readonly node?: string };

export interface OpenLog {
  readonly id: string;
  readonly platform: Platform;
  /** The line to scroll to, counted from 0. Without it, the log follows its end. */
  readonly line?: number;
}

export interface Route {
  readonly view: View;
  readonly sheet?: Sheet;
  readonly log?: OpenLog;
}

interface Navigation {
  /** Undefined until the stores have been loaded, which the choice of the first view needs. */
  readonly route: Route | undefined;
}

export const useNavigation = create<Navigation>(() => ({ route: undefined }));

/** Opens a view as a new entry of the browser history. Does nothing if it is open already. */
export function navigate(view: View): void {
  const { route } = useNavigation.getState();
  const log = view.view === 'build' && view.id === route?.log?.id ? route.log : undefined;
  applyRoute({ view, log }, 'push');
}

/** Replaces the current view without a new history entry: for redirects, and for the selection in a list. */
export function replaceView(view: View): void {
  applyRoute({ ...useNavigation.getState().route, view }, 'replace');
}

export function openSheet(sheet: Sheet): void {
  applyRoute({ ...currentRoute(), sheet }, 'replace');
}

export function closeSheet(): void {
  const { sheet: _, ...rest } = currentRoute();
  applyRoute(rest, 'replace');
}

/** Opens a job's log in the bottom drawer. */
export function openLog(log: OpenLog): void {
  applyRoute({ ...currentRoute(), log }, 'replace');
}

export function closeLog(): void {
  const { log: _, ...rest } = currentRoute();
  applyRoute(rest, 'replace');
}

/** Opens a job's log in a window of its own. */
export function openLogWindow({ id, platform }: OpenLog): void {
  window.open(hrefOf({ view: 'log', id, platform }), `log ${id} ${platform}`, 'popup,width=960,height=640');
}

/** @returns the `href` of a link to a view; such a link needs no click handler */
export function hrefOf(view: View): string {
  return formatHash({ view });
}

export function goBack(): void {
  window.history.back();
}

export function goForward(): void {
  window.history.forward();
}

/**
 * Reads the route from the hash now and whenever it changes.
 * @param chooseFirstView called if the hash contains no valid route
 * @returns a function that stops it
 */
export function startNavigation(chooseFirstView: () => View): () => void {
  const read = (): void => {
    const route = parseHash(window.location.hash);
    if (route) {
      useNavigation.setState({ route });
    } else {
      applyRoute({ view: chooseFirstView() }, 'replace');
    }
  };
  read();
  window.addEventListener('popstate', read);
  return () => window.removeEventListener('popstate', read);
}

/** The route of the last view that the window showed. */
const viewMemory = remembered('view', isTextUpTo(4_096), '');

/** Remembers a view for the next start of the window. A build, or a form that was open, is not what one starts with again. */
export function rememberView(view: View): void {
  if (view.view !== 'first-start' && view.view !== 'log') {
    rememberValue(viewMemory, hrefOf(view.view === 'build' || view.view === 'bake' ? { view: 'builds' } : view));
  }
}

/** @returns undefined if no view is remembered */
export function recallView(): View | undefined {
  return parseHash(recall(viewMemory))?.view;
}

function currentRoute(): Route {
  return useNavigation.getState().route ?? { view: { view: 'builds' } };
}

function applyRoute(route: Route, method: 'push' | 'replace'): void {
  const hash = formatHash(route);
  if (method === 'push' && hash !== window.location.hash) {
    window.history.pushState(null, '', hash);
  } else {
    window.history.replaceState(null, '', hash);
  }
  useNavigation.setState({ route });
}

/** `#/build/<id>?sheet=push&reference=…&log=<id>&log-platform=<platform>`: the path is the view, the query the sheet and the log. */
export function formatHash({ view, sheet, log }: Route): string {
  const path = [view.view, ...pathOf(view)].map(encodeURIComponent).join('/');
  const query = new URLSearchParams();
  if ((view.view === 'builds' || view.view === 'first-start') && view.project !== undefined) {
    query.set('project', view.project);
  }
  if (view.view === 'images' && view.load !== undefined) {
    query.set('load', view.load);
  }
  if (view.view === 'image' && view.platform !== undefined) {
    query.set('platform', view.platform);
  }
  if (view.view === 'connections' && view.adding) {
    query.set('adding', '1');
  }
  if (view.view === 'registries' && view.signIn) {
    query.set('sign-in', '1');
  }
  if (log) {
    query.set('log', log.id);
    query.set('log-platform', log.platform);
    if (log.line !== undefined) {
      query.set('line', String(log.line));
    }
  }
  if (sheet) {
    for (const [key, value] of Object.entries(sheet)) {
      if (value !== undefined) {
        query.set(key, Array.isArray(value) ? value.join(',') : String(value));
      }
    }
  }
  const text = query.toString();
  return `#/${path}${text ? `?${text}` : ''}`;
}

function pathOf(view: View): string[] {
  switch (view.view) {
    case 'farm':
      return [view.name];
    case 'build':
    case 'bake':
      return [view.id];
    case 'log':
      return [view.id, view.platform];
    case 'image':
      return view.section === undefined ? [view.reference] : [view.reference, view.section];
    case 'compare':
      return view.b === undefined && view.a === undefined ? [] : [view.a ?? '', view.b ?? ''];
    case 'images':
      return view.reference === undefined ? [] : [view.reference];
    case 'connections':
    case 'registries':
      return view.name === undefined ? [] : [view.name];
    case 'queue':
    case 'statistics':
      return view.farm === undefined ? [] : [view.farm];
    default:
      return [];
  }
}

/** @returns undefined if the hash contains no valid view */
export function parseHash(hash: string): Route | undefined {
  const [path = '', queryText = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const query = new URLSearchParams(queryText);
  const view = parseView(path.split('/').map(decode), query);
  if (!view) {
    return undefined;
  }
  const sheet = parseSheet(query);
  const log = parseLog(query);
  return { view, sheet, log };
}

function parseView([view, first, second]: string[], query: URLSearchParams): View | undefined {
  switch (view) {
    case 'first-start': {
      const project = query.get('project');
      return project === null ? { view } : { view, project };
    }
    case 'schedules':
    case 'settings':
      return { view };
    case 'builds':
      return { view, project: query.get('project') ?? undefined };
    case 'farm':
      return first ? { view, name: first } : undefined;
    case 'build':
    case 'bake':
      return first ? { view, id: first } : undefined;
    case 'image':
      return first
        ? {
            view,
            reference: first,
            section: second || undefined,
            platform: parsePlatform(query.get('platform') ?? ''),
          }
        : undefined;
    case 'compare':
      return { view, a: first || undefined, b: second || undefined };
    case 'images':
      return { view, reference: first || undefined, load: query.get('load') ?? undefined };
    case 'connections':
      return { view, name: first || undefined, adding: query.has('adding') || undefined };
    case 'registries':
      return { view, name: first || undefined, signIn: query.has('sign-in') || undefined };
    case 'queue':
    case 'statistics':
      return { view, farm: first || undefined };
    case 'log': {
      const platform = parsePlatform(second ?? '');
      return first && platform ? { view, id: first, platform, line: parseLine(query) } : undefined;
    }
    default:
      return undefined;
  }
}

function parseSheet(query: URLSearchParams): Sheet | undefined {
  const field = (key: string): string | undefined => query.get(key) ?? undefined;
  switch (query.get('sheet')) {
    case 'new-build': {
      const platforms = (field('platforms') ?? '').split(',').flatMap((text) => (text && parsePlatform(text)) || []);
      return {
        sheet: 'new-build',
        farm: field('farm'),
        context: field('context'),
        from: field('from'),
        platforms: platforms.length > 0 ? platforms : undefined,
        apply: field('apply'),
      };
    }
    case 'bake':
    case 'package': {
      const folder = field('folder');
      if (!folder) {
        return undefined;
      }
      return query.get('sheet') === 'bake'
        ? { sheet: 'bake', folder }
        : { sheet: 'package', folder, force: query.has('force') || undefined };
    }
    case 'list':
      return { sheet: 'list', image: field('image') };
    case 'samples':
      return { sheet: 'samples' };
    case 'storage':
      return { sheet: 'storage', farm: field('farm'), node: field('node') };
    case 'copy':
      return { sheet: 'copy', source: field('source'), to: field('to') === 'registry' ? 'registry' : undefined };
    case 'push': {
      const reference = field('reference');
      return reference ? { sheet: 'push', reference, destination: field('destination') } : undefined;
    }
    default:
      return undefined;
  }
}

function parseLog(query: URLSearchParams): OpenLog | undefined {
  const id = query.get('log');
  const platform = parsePlatform(query.get('log-platform') ?? '');
  return id && platform ? { id, platform, line: parseLine(query) } : undefined;
}

function parseLine(query: URLSearchParams): number | undefined {
  const line = Number(query.get('line') ?? Number.NaN);
  return Number.isSafeInteger(line) && line >= 0 ? line : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
