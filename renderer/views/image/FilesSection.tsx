import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { formatMode } from '../../../shared/file-mode.ts';
import { formatBytes, formatBytesOf, formatCount } from '../../../shared/format.ts';
import type { ImageFile, ImageFiles, ImagesProgress } from '../../../shared/local-images.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { classes } from '../../parts/classes.ts';
import { contextMenu } from '../../parts/context-menu.ts';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Icon, type IconName } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { lazyPart } from '../../parts/lazy-part.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { Select } from '../../parts/Select.tsx';
import { Spinner } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { callWithProgress } from '../../stores/local-images.ts';
import { replaceView } from '../../stores/navigation.ts';
import styles from './Files.module.css';
import {
  baseName,
  type LoadedFolder,
  positionsOf,
  rowKey,
  type TreePosition,
  type TreeRow,
  treeRows,
} from './file-tree.ts';
import type { ImageSectionProps } from './section-props.ts';

const SaveFileDialog = lazyPart(async () => (await import('./SaveFileDialog.tsx')).SaveFileDialog);

const pageSize = 1_000;
const rowHeight = 26;
/** How long a person has to stop typing before the filter is used, in milliseconds. */
const typingMs = 200;

/** The files of an image or of one of its layers, as a tree whose folders are loaded when they are opened. */
export function FilesSection({ reference, platform, list, part }: ImageSectionProps) {
  const entry = list.entries.find((each) => each.platform === platform);
  const layers = entry?.layers.length ?? 0;
  const number = Number(part);
  const layer = Number.isInteger(number) && number >= 1 && number <= layers ? number : undefined;
  const [filter, setFilter] = useState('');
  const files = useFiles({ reference, platform, layer, digest: entry?.digest, filter });
  const [saved, setSaved] = useState<ImageFile>();
  const setLayer = (value: string): void =>
    replaceView({ view: 'image', reference, section: value === 'all' ? 'files' : `files-${value}`, platform });

  return (
    <div className={styles.files}>
      <div className={styles.tools}>
        <div className={styles.filter}>
          <TextField
            label="Filter files"
            hideLabel
            icon="search"
            placeholder="Part of a path"
            value={filter}
            onChange={setFilter}
          />
        </div>
        <Select
          label="Layers"
          hideLabel
          value={layer === undefined ? 'all' : String(layer)}
          options={[
            { value: 'all', label: 'All layers' },
            ...Array.from({ length: layers }, (_, index) => ({
              value: String(index + 1),
              label: `Layer ${index + 1}, ${formatBytes(entry?.layers[index]?.size ?? 0)}`,
            })),
          ]}
          onChange={setLayer}
        />
        {files.total && (
          <output className={styles.total}>
            {formatCount(files.total.files, 'file')}, {formatBytes(files.total.bytes)}
          </output>
        )}
      </div>
      {files.notes.map((note) => (
        <p key={note} className={styles.note}>
          <Icon name="warning" size={14} /> {note}
        </p>
      ))}
      {files.problem ? (
        <div className={styles.problem}>
          <ProblemNote problem={files.problem} actions={<Button onClick={files.retry}>Retry</Button>} />
        </div>
      ) : files.progress && !files.total ? (
        <ReadingLayers progress={files.progress} />
      ) : (
        <FileTree files={files} isFiltered={filter !== ''} onSave={setSaved} />
      )}
      <Presence>
        {saved && (
          <SaveFileDialog
            reference={reference}
            platform={platform}
            layer={layer}
            file={saved}
            onClose={() => setSaved(undefined)}
          />
        )}
      </Presence>
    </div>
  );
}

function ReadingLayers({ progress: { text, doneBytes, totalBytes } }: { progress: ImagesProgress }) {
  return (
    <div className={styles.reading}>
      <p>
        {text}. This is done once.
        {totalBytes !== undefined && <small>{formatBytesOf(doneBytes, totalBytes)}</small>}
      </p>
      <ProgressBar label={text} value={doneBytes} max={totalBytes ?? 0} />
    </div>
  );
}

interface FilesState {
  readonly rows: readonly TreeRow[];
  readonly total: ImageFiles['total'] | undefined;
  readonly notes: readonly string[];
  readonly problem: Problem | undefined;
  readonly progress: ImagesProgress | undefined;
  readonly toggle: (path: string, isOpen: boolean) => void;
  readonly loadMore: (path: string, from: number) => void;
  readonly retry: () => void;
}

interface Wanted extends Pick<ImageSectionProps, 'reference' | 'platform'> {
  readonly layer: number | undefined;
  readonly digest: string | undefined;
  readonly filter: string;
}

/** Loads folders when they are opened, or what matches a filter. */
function useFiles({ reference, platform, layer, digest, filter }: Wanted): FilesState {
  const [folders, setFolders] = useState<ReadonlyMap<string, LoadedFolder>>(new Map());
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [first, setFirst] = useState<Pick<ImageFiles, 'total' | 'notes'>>();
  const [problem, setProblem] = useState<Problem>();
  const [progress, setProgress] = useState<ImagesProgress>();
  const [attempt, setAttempt] = useState(0);
  const cancel = useRef(new AbortController());

  async function load(path: string, from: number, signal: AbortSignal): Promise<void> {
    try {
      const request = { reference, platform, ...(layer === undefined ? {} : { layer }), path, from, count: pageSize };
      const page = await callWithProgress('images.files', { ...request, filter }, setProgress, signal);
      setFirst(page);
      setFolders((before) => {
        const known = from === 0 ? [] : (before.get(path)?.files ?? []);
        return new Map(before).set(path, { files: [...known, ...page.files], next: page.next });
      });
    } catch (error) {
      if (!signal.aborted) {
        setProblem(problemOf(error));
      }
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: starts again for other files, and when a person asks for it
  useEffect(() => {
    const current = new AbortController();
    cancel.current = current;
    setProblem(undefined);
    setProgress(undefined);
    const start = (): void => {
      setFolders(new Map());
      setOpen(new Set());
      void load('/', 0, current.signal);
    };
    const timer = setTimeout(start, filter === '' ? 0 : typingMs);
    return () => {
      clearTimeout(timer);
      current.abort();
    };
  }, [reference, platform, layer, digest, filter, attempt]);

  const rows = useMemo(() => treeRows(folders, open), [folders, open]);
  return {
    rows,
    total: first?.total,
    notes: first?.notes ?? [],
    problem,
    progress,
    toggle: (path, isOpen) => {
      setOpen((before) => {
        const next = new Set(before);
        isOpen ? next.add(path) : next.delete(path);
        return next;
      });
      if (isOpen && !folders.has(path)) {
        void load(path, 0, cancel.current.signal);
      }
    },
    loadMore: (path, from) => void load(path, from, cancel.current.signal),
    retry: () => setAttempt((count) => count + 1),
  };
}

interface FileTreeProps {
  readonly files: FilesState;
  readonly isFiltered: boolean;
  readonly onSave: (file: ImageFile) => void;
}

/** Arrow keys move, open and close folders, as in file managers. Enter saves a file. */
function FileTree({ files: { rows, toggle, loadMore }, isFiltered, onSave }: FileTreeProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const positions = useMemo(() => positionsOf(rows), [rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (index) => {
      const row = rows[index];
      return row ? rowKey(row) : index;
    },
  });

  function moveTo(index: number): void {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setAt(next);
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => {
      scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus();
    });
  }

  function onKeyDown(event: KeyboardEvent): void {
    const row = rows[at];
    const isFolder = row?.kind === 'file' && row.file.type === 'directory' && !isFiltered;
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + 20,
      PageUp: at - 20,
      Home: 0,
      End: rows.length - 1,
    };
    const move = moves[event.key];
    if (move !== undefined) {
      moveTo(move);
    } else if (event.key === 'ArrowRight' && isFolder) {
      row.isOpen ? moveTo(at + 1) : toggle(row.file.path, true);
    } else if (event.key === 'ArrowLeft' && row) {
      if (isFolder && row.isOpen) {
        toggle(row.file.path, false);
      } else {
        moveTo(rows.findLastIndex((other, index) => index < at && other.depth < row.depth));
      }
    } else if (
      (event.key === 'Enter' || event.key === ' ') &&
      event.target instanceof HTMLElement &&
      event.target.role === 'treeitem'
    ) {
      activate(row);
    } else {
      return;
    }
    event.preventDefault();
  }

  function activate(row: TreeRow | undefined): void {
    if (row?.kind === 'more') {
      loadMore(row.path, row.from);
    } else if (row?.kind === 'file' && row.file.type === 'directory' && !isFiltered) {
      toggle(row.file.path, !row.isOpen);
    } else if (row?.kind === 'file' && canSave(row.file)) {
      onSave(row.file);
    }
  }

  if (rows.length === 0) {
    return (
      <EmptyState icon="file" title={isFiltered ? 'No matches' : 'No files'}>
        {isFiltered ? 'Filter by part of a path.' : 'The layer changes nothing, or the image is empty.'}
      </EmptyState>
    );
  }
  return (
    <>
      <div className={classes(styles.row, styles.head)} aria-hidden="true">
        <span className={styles.name}>Name</span>
        <span className={styles.size}>Size</span>
        <span className={styles.mode}>Mode</span>
        <span className={styles.owner}>Owner</span>
        <span className={styles.layer}>Layer</span>
      </div>
      <div ref={scroller} className={styles.scroller}>
        <div
          role="tree"
          aria-label="Files"
          className={styles.rows}
          style={{ height: virtual.getTotalSize() }}
          onKeyDown={onKeyDown}
        >
          {virtual.getVirtualItems().map(({ index, key, start }) => {
            const row = rows[index];
            return (
              row && (
                <Row
                  key={key}
                  row={row}
                  index={index}
                  position={positions[index]}
                  start={start}
                  isCurrent={index === Math.min(at, rows.length - 1)}
                  isFiltered={isFiltered}
                  onActivate={() => {
                    setAt(index);
                    activate(row);
                  }}
                  onSave={onSave}
                />
              )
            );
          })}
        </div>
      </div>
    </>
  );
}

interface RowProps {
  readonly row: TreeRow;
  readonly index: number;
  readonly position: TreePosition | undefined;
  readonly start: number;
  readonly isCurrent: boolean;
  readonly isFiltered: boolean;
  readonly onActivate: () => void;
  readonly onSave: (file: ImageFile) => void;
}

const icons: Readonly<Record<ImageFile['type'], IconName>> = {
  directory: 'folder',
  file: 'file',
  symlink: 'file',
  link: 'file',
  device: 'disk',
  fifo: 'file',
};

function Row({ row, index, position, start, isCurrent, isFiltered, onActivate, onSave }: RowProps) {
  const style = { transform: `translateY(${start}px)`, '--depth': isFiltered ? 0 : row.depth };
  const common = {
    'aria-level': isFiltered ? 1 : row.depth + 1,
    'aria-posinset': position?.number,
    'aria-setsize': position?.of,
    'aria-selected': isCurrent,
    'data-index': index,
    style,
    onClick: onActivate,
  } as const;
  if (row.kind !== 'file') {
    return (
      <div {...common} role="treeitem" tabIndex={isCurrent ? 0 : -1} className={styles.row}>
        <span className={styles.name}>
          {row.kind === 'loading' ? (
            <>
              <Spinner /> Loading…
            </>
          ) : (
            'Show more'
          )}
        </span>
      </div>
    );
  }
  const { file, isOpen } = row;
  const isFolder = file.type === 'directory';
  const name = isFiltered ? file.path : baseName(file.path);
  return (
    <div
      {...common}
      role="treeitem"
      tabIndex={isCurrent ? 0 : -1}
      className={classes(styles.row, file.isRemoved && styles.removed)}
      aria-expanded={isFolder && !isFiltered ? isOpen : undefined}
      title={file.path}
      {...contextMenu(() => [
        { label: 'Copy path', icon: 'copy', run: () => void navigator.clipboard.writeText(file.path) },
        ...(canSave(file) ? [{ label: 'Save file…', icon: 'download' as const, run: () => onSave(file) }] : []),
      ])}
    >
      <span className={styles.name}>
        {!isFiltered && (
          <span className={styles.fold}>
            {isFolder && <Icon name={isOpen ? 'chevron-down' : 'chevron-right'} size={12} />}
          </span>
        )}
        <Icon name={icons[file.type]} size={14} />
        <span className={styles.text}>{name}</span>
        {file.link !== undefined && (
          <span className={styles.link}>
            <span aria-hidden="true">→</span>
            <span className="visually-hidden">, link to</span> {file.link}
          </span>
        )}
        {file.isRemoved && <span className={styles.link}>deleted</span>}
      </span>
      {/* mode and owner are what only experts compare */}
      <span className={styles.size}>{file.isRemoved ? '' : formatBytes(file.size)}</span>
      <code className={styles.mode} aria-hidden="true">
        {file.isRemoved ? '' : formatMode(file.mode)}
      </code>
      <span className={styles.owner} aria-hidden="true">{`${file.uid}:${file.gid}`}</span>
      <span className={styles.layer}>
        <span className="visually-hidden">, layer </span>
        {file.layer}
      </span>
      <span className={styles.action} aria-hidden="true">
        {canSave(file) && (
          <IconButton
            icon="download"
            size="small"
            label={`Save ${baseName(file.path)}…`}
            tabIndex={-1}
            onClick={(event) => {
              event.stopPropagation();
              onSave(file);
            }}
          />
        )}
      </span>
    </div>
  );
}

function canSave({ type, isRemoved }: ImageFile): boolean {
  return (type === 'file' || type === 'link') && !isRemoved;
}
