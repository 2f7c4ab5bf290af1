import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, type Problem, problemOf } from '../../shared/problem.ts';
import type { Watch } from '../../shared/watch.ts';
import type { ContextSources } from '../sources/context-sources.ts';
import { FolderWatchers, type FolderWatchersOptions } from './folder-watchers.ts';
import { changedPaths, type ProjectSnapshot, type SnapshotRequest, takeSnapshot } from './project-snapshot.ts';

export type Polling = NonNullable<Watch['polling']>;

export interface ProjectWatcherOptions {
  readonly request: SnapshotRequest;
  readonly sources: ContextSources;
  /** How long nothing may change before a change is reported, in milliseconds. */
  readonly debounceMs: number;
  /** Looks at the files again and again, whatever the system can. */
  readonly polls: boolean;
  /** Absolute paths that do not count. */
  readonly excluded: ReadonlySet<string>;
  /** Called with the paths that have changed since the last call, or since the start. */
  readonly onChange: (paths: string[]) => void;
  /** Called when the project can be read again, or cannot be read any more, and when {@link ProjectWatcher.polling} changes. */
  readonly onState: () => void;
  /** For tests. */
  readonly createWatchers?: (options: FolderWatchersOptions) => FolderWatchers;
}

/** What never comes to rest is reported after this time. In milliseconds. */
const maxDebounceMs = 10_000;
/** The same while git works, which has pauses where the disk is slow. */
const maxGitDebounceMs = 60_000;

/** How often a project is looked at that cannot be read now, and without notices of the system. In milliseconds. */
const pollMs = 1_000;
const maxPollMs = 60_000;
/** The share of the time that is spent with looking, where there are no notices. */
const pollShare = 0.2;

/** How often the lock of git is looked at, in milliseconds. */
const gitPollMs = 50;

/** File systems whose changes by other computers, or outside a virtual machine, are not noticed. Source: statfs(2). */
const remoteFileSystems = new Map([
  [0x6969, 'NFS'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x517b, 'SMB'],
  [0x01021997, '9P'],
  [0x65735546, 'FUSE'],
  [0x00c36400, 'Ceph'],
]);

/**
 * Reports changes of what a build of a project would send. Notices of the system only say when to look: what has changed is found
 * out by comparison, so that files which come and go, and files that are not sent, cause nothing.
 */
export class ProjectWatcher {
  readonly #options: ProjectWatcherOptions;
  readonly #stopping = new AbortController();
  #watchers: FolderWatchers | undefined;
  #reported: ProjectSnapshot | undefined;
  #polling: Polling | undefined;
  #problem: Problem | undefined;
  #timer: NodeJS.Timeout | undefined;
  #firstNoticeMs: number | undefined;
  #looking: Promise<void> = Promise.resolve();

  private constructor(options: ProjectWatcherOptions) {
    this.#options = options;
  }

  /** @throws Failure `context.*` if the project cannot be read; the reason of the signal */
  static async start(options: ProjectWatcherOptions, signal: AbortSignal): Promise<ProjectWatcher> {
    const watcher = new ProjectWatcher(options);
    signal.throwIfAborted();
    await watcher.#open();
    if (signal.aborted) {
      watcher.stop();
      throw signal.reason;
    }
    return watcher;
  }

  /** Why the files are looked at again and again, and how often. */
  get polling(): Polling | undefined {
    return this.#polling;
  }

  /** Why the project cannot be read now. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** The number of files, folders and links that count. */
  get entries(): number {
    return this.#reported?.entries ?? 0;
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    this.#watchers?.close();
  }

  async #open(): Promise<void> {
    const { polls, request, createWatchers = (options) => new FolderWatchers(options) } = this.#options;
    const remote = polls ? undefined : await remoteFileSystem(request.context);
    if (polls || remote !== undefined) {
      this.#startPolling(polls ? 'This was asked for.' : `${remote} gives no notice of changes that others make.`);
    } else {
      this.#watchers = createWatchers({
        onNotice: (path) => this.#onNotice(path),
        onLimit: (code) => void this.#onLimit(code),
      });
    }
    const first = this.#look().then((snapshot) => {
      this.#reported = snapshot;
    });
    // what is noticed meanwhile is looked at afterwards
    this.#looking = first.catch(() => undefined);
    try {
      await first;
    } catch (error) {
      this.stop();
      throw error;
    }
    this.#planPoll();
  }

  async #look(): Promise<ProjectSnapshot> {
    const { request, sources, excluded } = this.#options;
    const startedMs = performance.now();
    this.#watchers?.begin();
    const snapshot = await takeSnapshot(request, sources, {
      signal: this.#stopping.signal,
      excluded,
      onFolder: (folder) => this.#watchers?.addFolder(folder),
      onFile: (file) => this.#watchers?.addFile(file),
    });
    this.#watchers?.end();
    if (this.#polling) {
      const tookMs = performance.now() - startedMs;
      const everyMs = Math.round(Math.min(maxPollMs, Math.max(pollMs, tookMs / pollShare)));
      this.#polling = { ...this.#polling, everyMs };
    }
    return snapshot;
  }

  #onNotice(path: string): void {
    // before the first look is done, and while the project cannot be read, everything counts
    if (this.#problem || (this.#reported?.isImportant(path) ?? true)) {
      this.#debounce();
    }
  }

  /** Looks when nothing has changed for a while. */
  #debounce(): void {
    if (this.#stopping.signal.aborted) {
      return;
    }
    this.#firstNoticeMs ??= performance.now();
    this.#plan(Math.min(this.#options.debounceMs, this.#leftMs(maxDebounceMs)));
  }

  /** Milliseconds until a change is reported that never comes to rest. */
  #leftMs(maxMs: number): number {
    const sinceMs = performance.now() - (this.#firstNoticeMs ?? performance.now());
    return Math.max(0, Math.max(maxMs, this.#options.debounceMs) - sinceMs);
  }

  #plan(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#leftMs(maxGitDebounceMs) > 0 && doesGitWork(this.#options.request.context)) {
        this.#firstNoticeMs ??= performance.now();
        this.#plan(Math.max(gitPollMs, this.#options.debounceMs));
        return;
      }
      this.#firstNoticeMs = undefined;
      this.#looking = this.#looking.then(() => this.#compare());
    }, afterMs);
  }

  /** Compares the project with what was reported of it. Never rejects. */
  async #compare(): Promise<void> {
    try {
      const now = await this.#look();
      const paths = this.#reported ? changedPaths(this.#reported, now) : [];
      const isBack = this.#problem !== undefined;
      this.#problem = undefined;
      this.#reported = now;
      if (isBack) {
        this.#options.onState();
      }
      if (paths.length > 0 && !this.#stopping.signal.aborted) {
        this.#options.onChange(paths);
      }
    } catch (error) {
      if (this.#stopping.signal.aborted) {
        return;
      }
      if (error instanceof Failure && error.problem.code === 'context.changed') {
        this.#debounce();
        return;
      }
      const problem = problemOf(error);
      if (problem.message !== this.#problem?.message) {
        this.#problem = problem;
        this.#options.onState();
      }
    }
    this.#planPoll();
  }

  /** Where no notice can be relied on, the next look has a time. A notice may have planned an earlier one. */
  #planPoll(): void {
    const everyMs = this.#problem ? pollMs : this.#polling?.everyMs;
    if (everyMs !== undefined && this.#timer === undefined && !this.#stopping.signal.aborted) {
      this.#plan(everyMs);
    }
  }

  #startPolling(reason: string): void {
    this.#watchers = undefined;
    this.#polling = { reason, everyMs: pollMs };
  }

  async #onLimit(code: string): Promise<void> {
    this.#startPolling(
      code === 'EMFILE'
        ? 'The limit of open files or of watching programs is reached.'
        : `The limit of watched folders is reached${await inotifyLimit()}. Raise it, or name what no build needs in the ignore file.`,
    );
    if (!this.#stopping.signal.aborted) {
      this.#options.onState();
      this.#planPoll();
    }
  }
}

/** Whether git is changing the files of a folder now: while it does, its index is locked. */
function doesGitWork(folder: string): boolean {
  for (let top = folder; ; top = dirname(top)) {
    if (existsSync(join(top, '.git'))) {
      return existsSync(join(top, '.git', 'index.lock'));
    }
    if (top === dirname(top)) {
      return false;
    }
  }
}

async function inotifyLimit(): Promise<string> {
  const text = await readFile('/proc/sys/fs/inotify/max_user_watches', 'utf8').catch(() => '');
  return text === '' ? '' : ` (fs.inotify.max_user_watches is ${text.trim()})`;
}

/** The kind of a file system that others change without notice. Undefined for a local one, and where it is not known. */
async function remoteFileSystem(path: string): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    return undefined;
  }
  return statfs(path).then(
    ({ type }) => remoteFileSystems.get(type),
    () => undefined,
  );
}
