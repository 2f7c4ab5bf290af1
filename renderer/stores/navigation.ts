import { create } from 'zustand';
import { type Platform, parsePlatform } from '../../shared/platform.ts';

/**
 * Where a person is. Three things make a place, and all three are in `location.hash`, so that a reload, a bookmark and the
 * back button keep them:
 *
 * - `view` fills the main area. Each is drawn by `views/<name>/index.tsx`, which gets the view's fields as props.
 * - `sheet` slides over the view; `views/new-build` and `views/push` draw theirs, and get the fields plus `onClose`.
 * - `log` is the job whose log the bottom drawer shows, drawn by `views/log`.
 *
 * `navigate` adds an entry to the history (back returns) and closes a sheet; the drawer stays while its build is on the
 * screen. Sheets and the drawer replace the present entry: back never reopens a sheet.
 */
export type View =
  /** What can build for you? Shown first where there are no farms. */
  | { readonly view: 'first-start' }
  | { readonly view: 'farm'; readonly name: string }
  /** The history; `project` is the context folder whose builds are shown alone. */
  | { readonly view: 'builds'; readonly project?: string }
  | { readonly view: 'build'; readonly id: string }
  | { readonly view: 'images'; readonly reference?: string }
  /** `name` is the chosen connection; `adding` opens the form for a new one. */
  | { readonly view: 'connections'; readonly name?: string; readonly adding?: boolean }
  | { readonly view: 'settings' }
  /** A log as a window of its own, without the frame. `line` counts from 0. */
  | { readonly view: 'log'; readonly id: string; readonly platform: Platform };

export type Sheet =
  /** `context` is an absolute folder; `from` the id of a build whose request is the start (rebuild, retry with `platforms`). */
  | {
      readonly sheet: 'new-build';
      readonly farm?: string;
      readonly context?: string;
      readonly from?: string;
      readonly platforms?: readonly Platform[];
    }
  | { readonly sheet: 'push'; readonly reference: string; readonly destination?: string };

export interface OpenLog {
  readonly id: string;
  readonly platform: Platform;
  /** The line to show, counted from 0; without one the live end. */
  readonly line?: number;
}

export interface Place {
  readonly view: View;
  readonly sheet?: Sheet;
  readonly log?: OpenLog;
}

interface Navigation {
  /** Undefined until the app's truth has been loaded and the first view can be chosen. */
  readonly place: Place | undefined;
}

export const useNavigation = create<Navigation>(() => ({ place: undefined }));

/** Opens a view as a new entry of the history; the same view again changes nothing. */
export function navigate(view: View): void {
  const { place } = useNavigation.getState();
  const log = view.view === 'build' && view.id === place?.log?.id ? place.log : undefined;
  go({ view, log }, 'push');
}

/** Opens a view in place of the present one: for redirects, and for fields that change as one moves through a list. */
export function replaceView(view: View): void {
  go({ ...useNavigation.getState().place, view }, 'replace');
}

export function openSheet(sheet: Sheet): void {
  go({ ...present(), sheet }, 'replace');
}

export function closeSheet(): void {
  const { sheet: _, ...rest } = present();
  go(rest, 'replace');
}

/** Shows a job's log in the bottom drawer. */
export function openLog(log: OpenLog): void {
  go({ ...present(), log }, 'replace');
}

export function closeLog(): void {
  const { log: _, ...rest } = present();
  go(rest, 'replace');
}

/** Opens a job's log as a window of its own, beside this one. */
export function openLogWindow({ id, platform }: OpenLog): void {
  window.open(hrefOf({ view: 'log', id, platform }), `log ${id} ${platform}`, 'popup,width=960,height=640');
}

/** What a link to a view points to: `<a href={hrefOf({ view: 'build', id })}>` needs no handler. */
export function hrefOf(view: View): string {
  return formatHash({ view });
}

export function goBack(): void {
  window.history.back();
}

export function goForward(): void {
  window.history.forward();
}

/** Reads the hash now and whenever it changes; `first` chooses the view where the hash names none. Returns the way to stop. */
export function startNavigation(first: () => View): () => void {
  const read = (): void => {
    const place = parseHash(window.location.hash);
    if (place) {
      useNavigation.setState({ place });
    } else {
      go({ view: first() }, 'replace');
    }
  };
  read();
  window.addEventListener('popstate', read);
  return () => window.removeEventListener('popstate', read);
}

function present(): Place {
  return useNavigation.getState().place ?? { view: { view: 'builds' } };
}

function go(place: Place, how: 'push' | 'replace'): void {
  const hash = formatHash(place);
  if (how === 'push' && hash !== window.location.hash) {
    window.history.pushState(null, '', hash);
  } else {
    window.history.replaceState(null, '', hash);
  }
  useNavigation.setState({ place });
}

/** `#/build/<id>?sheet=push&reference=…&log=<platform>`: the path is the view, the query what lies over it. */
export function formatHash({ view, sheet, log }: Place): string {
  const path = [view.view, ...pathOf(view)].map(encodeURIComponent).join('/');
  const query = new URLSearchParams();
  if (view.view === 'builds' && view.project !== undefined) {
    query.set('project', view.project);
  }
  if (view.view === 'connections' && view.adding) {
    query.set('adding', '1');
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
      return [view.id];
    case 'log':
      return [view.id, view.platform];
    case 'images':
      return view.reference === undefined ? [] : [view.reference];
    case 'connections':
      return view.name === undefined ? [] : [view.name];
    default:
      return [];
  }
}

/** The place that a hash names, or undefined where it names none. */
export function parseHash(hash: string): Place | undefined {
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
    case 'first-start':
    case 'settings':
      return { view };
    case 'builds':
      return { view, project: query.get('project') ?? undefined };
    case 'farm':
      return first ? { view, name: first } : undefined;
    case 'build':
      return first ? { view, id: first } : undefined;
    case 'images':
      return { view, reference: first || undefined };
    case 'connections':
      return { view, name: first || undefined, adding: query.has('adding') || undefined };
    case 'log': {
      const platform = parsePlatform(second ?? '');
      return first && platform ? { view, id: first, platform } : undefined;
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
      };
    }
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
  const line = query.get('line');
  return id && platform ? { id, platform, line: line ? Number(line) : undefined } : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
