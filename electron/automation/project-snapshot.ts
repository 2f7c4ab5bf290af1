/** What a build would send, without the content of the files: two snapshots show what has changed in between. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BuildRequest } from '../../shared/build.ts';
import { parseNamedContext } from '../../shared/named-context.ts';
import { pathInside, standardInput } from '../context/containerfile.ts';
import { type ContentsOptions, contextEntries, openContents } from '../context/contents.ts';
import { type IgnoreRules, rootIgnoreFiles } from '../context/ignore.ts';
import type { ContextEntry } from '../context/walk.ts';
import { openProject } from '../projects/open-project.ts';
import type { ContextSources } from '../sources/context-sources.ts';
import { isUnimportant } from './unimportant-files.ts';

export interface ProjectSnapshot {
  /**
   * By path, a text that changes when what is sent changes. Paths of the project are relative with forward slashes, others
   * absolute.
   */
  readonly states: ReadonlyMap<string, string>;
  /** The number of files, folders and links. */
  readonly entries: number;
  /** Whether a change of a path can change what is sent, as far as its name shows. @param path absolute */
  isImportant(path: string): boolean;
}

export interface SnapshotOptions {
  readonly signal: AbortSignal;
  /** Absolute paths that do not count, such as files that builds write into the project. */
  readonly excluded?: ReadonlySet<string> | undefined;
  /** Called with the absolute path of each folder whose entries matter, just before it is read. */
  readonly onFolder?: (folder: string) => void;
  /** Called with the absolute path of each single file that matters. */
  readonly onFile?: (file: string) => void;
}

export type SnapshotRequest = Pick<BuildRequest, 'context'> &
  Partial<Pick<BuildRequest, 'file' | 'containerfile' | 'files' | 'filesFor' | 'sources' | 'contexts'>>;

/** @throws Failure `context.*`, `source.*`; the reason of the signal */
export async function takeSnapshot(
  request: SnapshotRequest,
  sources: ContextSources,
  { signal, excluded, onFolder = () => undefined, onFile = () => undefined }: SnapshotOptions,
): Promise<ProjectSnapshot> {
  const states = new Map<string, string>();
  const roots: { readonly root: string; readonly rules: IgnoreRules }[] = [];
  const files = new Set<string>();
  const project = await openProject(request, sources, { signal });
  const { source, folder, containerfile, containerfilesFor, contents } = project;
  try {
    if (!source.isForeign) {
      await addContents(contents, '');
    } else if (source.commit === undefined) {
      await addFile(source.context);
    } else {
      // a commit says which files it has
      states.set(source.context, source.commit);
    }
    for (const { path, content } of source.isForeign ? [] : [containerfile, ...containerfilesFor.values()]) {
      if (path === standardInput) {
        states.set(path, hashOf(content));
      } else {
        addContent(path, content);
      }
    }
    // each of them is in one that is built
    for (const file of [...(request.files ?? []), ...Object.values(request.filesFor ?? {})]) {
      note(resolve(folder, file));
    }
    for (const [name, value] of Object.entries(request.contexts ?? {})) {
      await addContext(name, value);
    }
  } finally {
    source.release();
  }
  return {
    states,
    entries: states.size,
    isImportant: (path) => files.has(path) || (!excluded?.has(path) && !isUnimportant(path) && !isIgnored(path)),
  };

  function note(path: string): void {
    files.add(path);
    onFile(path);
  }

  /** A file that counts whether or not it is among those that are sent. */
  function addContent(path: string, content: Buffer | string): void {
    const name = pathInside(folder, path) ?? path;
    note(path);
    if (!states.has(name)) {
      states.set(name, `content ${hashOf(content)}`);
    }
  }

  function isIgnored(path: string): boolean {
    for (const { root, rules } of roots) {
      const name = pathInside(root, path);
      if (name !== undefined && name !== '') {
        const isRule = !name.includes('/') && rootIgnoreFiles.some((file) => file === name);
        return !isRule && rules.ignores(name) && !rules.mayReincludeBelow(name);
      }
    }
    return false;
  }

  async function addContents(options: ContentsOptions, prefix: string): Promise<void> {
    const opened = await openContents(options);
    const { root, rules, mapped } = opened;
    roots.push({ root, rules });
    for (const { from } of mapped) {
      note(from);
    }
    const onOpened = (path: string): void => {
      if (!isUnimportant(path)) {
        onFolder(path);
      }
    };
    for await (const entries of contextEntries(opened, { signal, onFolder: onOpened })) {
      for (const entry of entries) {
        if (!isUnimportant(entry.path) && !excluded?.has(`${root}/${entry.path}`)) {
          states.set(prefix === '' ? entry.path : `${prefix}/${entry.path}`, stateOf(entry));
        }
      }
    }
    if (rules.file !== undefined) {
      addContent(rules.file, rules.source.text);
    }
  }

  async function addFile(path: string): Promise<void> {
    note(path);
    const found = await stat(path).catch(() => undefined);
    states.set(path, found ? `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}` : 'missing');
  }

  async function addContext(name: string, value: string): Promise<void> {
    const context = parseNamedContext(name, value);
    if (context.kind === 'layout') {
      await addFile(join(context.path, 'index.json'));
    } else if (context.kind === 'folder') {
      const opened = await sources.open({ context: context.source }, { signal });
      try {
        await (opened.isForeign
          ? addFile(opened.context)
          : addContents({ context: opened.folder, hasContainerfile: false }, opened.folder));
      } finally {
        opened.release();
      }
    }
  }
}

/** A folder has no time: it changes with every file that is made in it and not sent. */
function stateOf(entry: ContextEntry): string {
  switch (entry.kind) {
    case 'folder':
      return `folder ${entry.mode}`;
    case 'symlink':
    case 'hardlink':
      return `${entry.kind} ${entry.target}`;
    case 'file': {
      if ('content' in entry) {
        return `content ${entry.mode} ${hashOf(entry.content)}`;
      }
      const { ino, size, mode, mtimeMs, ctimeMs } = entry.state;
      return `${ino} ${size} ${mode} ${mtimeMs} ${ctimeMs}`;
    }
  }
}

function hashOf(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}

/** The paths that differ between two snapshots: those that appeared, changed or disappeared. */
export function changedPaths(before: ProjectSnapshot, now: ProjectSnapshot): string[] {
  const changed: string[] = [];
  for (const [path, state] of now.states) {
    if (before.states.get(path) !== state) {
      changed.push(path);
    }
  }
  for (const path of before.states.keys()) {
    if (!now.states.has(path)) {
      changed.push(path);
    }
  }
  return changed;
}

/** A digest of all of it. */
export function fingerprintOf({ states }: ProjectSnapshot): string {
  const hash = createHash('sha256');
  for (const [path, state] of states) {
    hash.update(`${path}\0${state}\0`);
  }
  return hash.digest('hex');
}
