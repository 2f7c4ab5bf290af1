import { type FSWatcher, type Stats, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A change is written in several steps, which cause several notices. In milliseconds. */
const settleMs = 50;

/** How often files are looked at where the system gives no notice of changes, in milliseconds. */
const pollMs = 1_000;

/**
 * Calls `onChange` with the path of a file after it was changed, replaced, created or removed, also by another process.
 * Their folders must exist. Where the system cannot watch a folder, its files are looked at again and again.
 * @returns a function that stops it
 */
export function watchFiles(paths: readonly string[], onChange: (path: string) => void): () => void {
  const timers = new Map<string, NodeJS.Timeout>();
  const notice = (path: string): void => {
    if (!timers.has(path)) {
      const timer = setTimeout(() => {
        timers.delete(path);
        onChange(path);
      }, settleMs);
      timers.set(path, timer.unref());
    }
  };
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  const stops = folders.map((folder) =>
    watchFolder(
      folder,
      new Set(paths.filter((path) => dirname(path) === folder).map((path) => basename(path))),
      (name) => notice(join(folder, name)),
    ),
  );
  return () => {
    for (const stop of stops) {
      stop();
    }
    for (const timer of timers.values()) {
      clearTimeout(timer);
    }
  };
}

function watchFolder(folder: string, names: ReadonlySet<string>, notice: (name: string) => void): () => void {
  let watcher: FSWatcher | undefined;
  let stopPolling: (() => void) | undefined;
  const poll = (): void => {
    watcher?.close();
    stopPolling ??= pollFiles(folder, names, notice);
  };
  try {
    watcher = watch(folder, { persistent: false }, (_kind, name) => {
      // without a name, any of the files may have changed
      for (const changed of name === null ? names : [name].filter((other) => names.has(other))) {
        notice(changed);
      }
    });
    watcher.on('error', poll);
  } catch {
    // for example too many watched folders (inotify's limit)
    poll();
  }
  return () => {
    watcher?.close();
    stopPolling?.();
  };
}

/** Exported for its test: systems that cannot watch a folder are rare. */
export function pollFiles(folder: string, names: ReadonlySet<string>, notice: (name: string) => void): () => void {
  const seen = new Map<string, string>();
  const look = async (isFirst: boolean): Promise<void> => {
    for (const name of names) {
      const state = await stat(join(folder, name)).then(stateOf, () => 'missing');
      if (!isFirst && seen.get(name) !== state) {
        notice(name);
      }
      seen.set(name, state);
    }
  };
  let looking = look(true);
  const timer = setInterval(() => {
    looking = looking.then(() => look(false));
  }, pollMs);
  timer.unref();
  return () => clearInterval(timer);
}

function stateOf({ mtimeMs, size, ino }: Stats): string {
  return `${mtimeMs} ${size} ${ino}`;
}
