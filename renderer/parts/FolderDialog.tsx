import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { formatCount } from '../../shared/format.ts';
import { isGitUrl } from '../../shared/git-url.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import type { Folder } from '../../shared/project.ts';
import { call } from '../api.ts';
import { Button } from './Button.tsx';
import { Chip } from './Chip.tsx';
import { classes } from './classes.ts';
import { Dialog } from './Dialog.tsx';
import styles from './FolderDialog.module.css';
import { focusLater } from './focus-later.ts';
import { completePath, isAnchored, isArchiveName, namesWithPrefix, splitPath } from './folder-path.ts';
import { Icon } from './Icon.tsx';
import { IconButton } from './IconButton.tsx';
import { ProblemNote } from './ProblemNote.tsx';
import { Waiting } from './Spinner.tsx';
import { TextField } from './TextField.tsx';

export interface FolderDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** Called with the absolute path of the folder or archive, or with a URL. */
  readonly onChoose: (path: string) => void;
  /** The folder to start in; the home folder by default. */
  readonly start?: string | undefined;
  readonly title?: string;
  /** A sentence under the title that says why the dialog opened, as `Browsers hide where a dropped folder is.` */
  readonly hint?: string;
  /** The name of the folder to find: in each folder with a matching subfolder, it is the initial filter. */
  readonly search?: string | undefined;
  /** Archives are listed, and the URL of a git repository may be entered instead of a path. */
  readonly acceptsSources?: boolean;
}

/**
 * Chooses a folder on the computer where the app runs, for which browsers have no dialog. Highlights folders with a
 * Containerfile. A path that is typed filters the folders, Tab completes it and Enter opens it, or chooses it as soon as the
 * dialog shows that a Containerfile is in it.
 */
export function FolderDialog({
  open,
  onClose,
  onChoose,
  start,
  title = 'Choose a project folder',
  hint,
  search = '',
  acceptsSources = false,
}: FolderDialogProps) {
  const [folder, setFolder] = useState<Folder>();
  const [problem, setProblem] = useState<Problem>();
  const [typedPath, setTypedPath] = useState('');
  /** Whether the path was changed since its folder was opened. */
  const [isTyping, setIsTyping] = useState(false);
  const [filter, setFilter] = useState('');
  const pathField = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  /** Aborts what a later choice or key makes superfluous. */
  const loading = useRef(new AbortController());
  /** The folder of the typed path whose content is shown, or asked for. */
  const listed = useRef('');
  /** The same as soon as its content is shown; empty for a folder that was opened. */
  const [shownFor, setShownFor] = useState('');

  const separator = folder?.path.includes('\\') ? '\\' : '/';
  const typed = splitPath(typedPath, separator);
  const prefix = isTyping ? typed.prefix : '';
  /** Whether the folder that is shown is the one that the path names, and not one that its name is chosen from. */
  const isNamed = !isTyping || (prefix === '' && typed.folder === shownFor);
  const canBuild = isNamed && folder?.hasContainerfile === true;
  const names = namesWithPrefix(folder?.folders.map(({ name }) => name) ?? [], prefix);
  const shown = folder?.folders.filter(({ name }) => names.includes(name) && nameMatches(name, filter)) ?? [];
  const archives = (acceptsSources && !isTyping ? (folder?.files ?? []) : []).filter(
    (name) => isArchiveName(name) && nameMatches(name, filter),
  );
  const url = acceptsSources && isGitUrl(typedPath.trim()) ? typedPath.trim() : undefined;
  const [onlyMatch] = shown.length === 1 ? shown : [];

  /** @throws the reason of the abort if another folder is asked for meanwhile */
  async function load(path: string | undefined): Promise<Folder> {
    loading.current.abort();
    loading.current = new AbortController();
    const { signal } = loading.current;
    return call('folders.list', path ? { path } : {}, { signal });
  }

  async function openFolder(path: string | undefined, focus?: 'list'): Promise<void> {
    setProblem(undefined);
    const request = load(path);
    const { signal } = loading.current;
    try {
      const opened = await request;
      setFolder(opened);
      setTypedPath(opened.path);
      setIsTyping(false);
      listed.current = '';
      setShownFor('');
      setFilter(opened.folders.some(({ name }) => nameMatches(name, search)) ? search : '');
      if (focus) {
        // the button that had the focus is gone
        focusLater(() => list.current?.querySelector('button') ?? pathField.current);
      }
    } catch (error) {
      if (!signal.aborted) {
        setProblem(problemOf(error));
      }
    }
  }

  /** What a typed path means: a path without a beginning is one in the folder that is shown. */
  function resolveTyped(path: string): string {
    return isAnchored(path) || !folder ? path : `${folder.path}${separator}${path}`;
  }

  /** Shows the folders among which the typed path chooses. */
  async function type(path: string): Promise<void> {
    setTypedPath(path);
    setIsTyping(true);
    setProblem(undefined);
    const parent = splitPath(path, separator).folder;
    if (/^(?:[a-z]+:\/\/|git@)/i.test(path) || parent === '' || parent === listed.current) {
      return;
    }
    listed.current = parent;
    try {
      setFolder(await load(resolveTyped(parent)));
      setShownFor(parent);
    } catch {
      // a folder that does not exist yet: Enter says so
      listed.current = '';
    }
  }

  function onPathKeyDown(event: KeyboardEvent): void {
    const completed = completePath(typedPath, names, separator);
    if (event.key === 'Enter' && url !== undefined) {
      event.preventDefault();
      onChoose(url);
    } else if (event.key === 'Enter' && canBuild) {
      event.preventDefault();
      onChoose(folder.path);
    } else if (event.key === 'Enter') {
      void openFolder(resolveTyped(typedPath));
    } else if (event.key === 'Tab' && !event.shiftKey && isTyping && completed !== undefined) {
      event.preventDefault();
      void type(completed);
    } else if (event.key === 'ArrowDown') {
      event.preventDefault();
      list.current?.querySelector('button')?.focus();
    }
  }

  function onListKeyDown(event: KeyboardEvent<HTMLUListElement>): void {
    const buttons = [...event.currentTarget.querySelectorAll('button')];
    const at = buttons.findIndex((button) => button.matches(':focus'));
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (target !== undefined) {
      event.preventDefault();
      (buttons[target] ?? (target < 0 ? pathField.current : undefined))?.focus();
    } else if ((event.key === 'ArrowLeft' || event.key === 'Backspace') && folder?.parent) {
      event.preventDefault();
      void openFolder(folder.parent, 'list');
    }
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: starts again each time it opens
  useEffect(() => {
    if (open) {
      void openFolder(start);
    }
  }, [open, start]);

  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      description={hint ?? (acceptsSources ? sourcesHint : undefined)}
      wide
      initialFocus={pathField}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          {url === undefined ? (
            <Button kind="primary" disabled={!folder} onClick={() => folder && onChoose(folder.path)}>
              Choose this folder
            </Button>
          ) : (
            <Button kind="primary" onClick={() => onChoose(url)}>
              Use this repository
            </Button>
          )}
        </>
      }
      footerStart={canBuild ? <Chip icon="check">Project found</Chip> : undefined}
    >
      <div className={styles.path}>
        <IconButton icon="up" label="Up" disabled={!folder?.parent} onClick={() => void openFolder(folder?.parent)} />
        <div className={styles.typed}>
          <TextField
            label="Path"
            hideLabel
            mono
            value={typedPath}
            ref={pathField}
            onChange={(path) => void type(path)}
            onKeyDown={onPathKeyDown}
          />
        </div>
        <div className={styles.filter}>
          <TextField
            label="Filter folders"
            hideLabel
            type="search"
            icon="search"
            placeholder="Filter"
            value={filter}
            onChange={setFilter}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && onlyMatch) {
                void openFolder(onlyMatch.path);
              } else if (event.key === 'ArrowDown') {
                event.preventDefault();
                list.current?.querySelector('button')?.focus();
              }
            }}
          />
        </div>
      </div>
      {problem && <ProblemNote problem={problem} />}
      {folder ? (
        <ul ref={list} className={styles.list} aria-label={`Folders in ${folder.path}`} onKeyDown={onListKeyDown}>
          {shown.map(({ name, path, hasContainerfile }) => (
            <li key={path}>
              <button
                type="button"
                className={classes(styles.folder, hasContainerfile && styles.project)}
                onClick={(event) => void openFolder(path, event.detail === 0 ? 'list' : undefined)}
                onDoubleClick={() => hasContainerfile && onChoose(path)}
              >
                <Icon name={hasContainerfile ? 'package' : 'folder'} />
                <span className={styles.name}>{name}</span>
                {hasContainerfile && <Chip small>Project</Chip>}
              </button>
            </li>
          ))}
          {folder !== undefined &&
            archives.map((name) => (
              <li key={name}>
                <button
                  type="button"
                  className={styles.folder}
                  onClick={() => onChoose(`${folder.path.replace(/[/\\]$/, '')}${separator}${name}`)}
                >
                  <Icon name="package" />
                  <span className={styles.name}>{name}</span>
                  <Chip small>Archive</Chip>
                </button>
              </li>
            ))}
          {shown.length === 0 && archives.length === 0 && (
            <li className={styles.empty}>
              {folder.folders.length === 0
                ? 'This folder has no subfolders.'
                : `No folders match “${prefix || filter}”.`}
            </li>
          )}
        </ul>
      ) : (
        !problem && <Waiting>Loading folder</Waiting>
      )}
      <output className="visually-hidden">{isTyping && formatCount(shown.length, 'folder')}</output>
    </Dialog>
  );
}

const sourcesHint = 'A folder, a tar, or the URL of a git repository: https://host/name.git#branch:folder';

function nameMatches(name: string, filter: string): boolean {
  return name.toLowerCase().includes(filter.trim().toLowerCase());
}
