/** Builds: the history, with filters and comparison. */

import { useCallback, useDeferredValue, useMemo, useRef, useState } from 'react';
import { type BuildFilter, filterWords } from '../../../shared/build-entry.ts';
import { formatCount, formatNumber, formatReferenceShort } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { lazyPart, useLoaded } from '../../parts/lazy-part.tsx';
import { Page } from '../../parts/Page.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { cancelBuild, findBuilds, useBuilds } from '../../stores/builds.ts';
import { isOneOf, remembered, rememberValue, useRemembered } from '../../stores/memory.ts';
import { navigate, openSheet, replaceView } from '../../stores/navigation.ts';
import { resumeAndOpen } from '../../stores/resume.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import { BuildGrid } from './BuildGrid.tsx';
import { Filters, type Outcome } from './Filters.tsx';
import { listRows, projectsOf, type Row } from './rows.ts';
import { SelectionBar } from './SelectionBar.tsx';
import { trendsOf } from './trend.ts';
import { useBuildPages } from './use-build-pages.ts';
import { useBuildsCommands } from './use-builds-commands.ts';

export interface BuildsViewProps {
  /** The context folder of a project: only its builds are shown. */
  readonly project?: string | undefined;
}

const CompareSheet = lazyPart(async () => (await import('./CompareSheet.tsx')).CompareSheet);
const DeleteBuildsDialog = lazyPart(async () => (await import('./DeleteBuildsDialog.tsx')).DeleteBuildsDialog);

const emptySet: ReadonlySet<string> = new Set();

function withToggled(set: ReadonlySet<string>, value: string): ReadonlySet<string> {
  return set.has(value) ? new Set([...set].filter((each) => each !== value)) : new Set([...set, value]);
}

/** The outcome that the list is filtered by. */
const outcomeMemory = remembered(
  'builds.outcome',
  isOneOf<Outcome>(['all', 'done', 'failed', 'cancelled', 'interrupted']),
  'all',
);

/** The build history: running builds first, ended builds grouped by project. */
export function BuildsView({ project }: BuildsViewProps) {
  const [text, setText] = useState('');
  const outcome = useRemembered(outcomeMemory);
  const setOutcome = (next: Outcome): void => rememberValue(outcomeMemory, next);
  const [folded, setFolded] = useState(emptySet);
  const [showingAll, setShowingAll] = useState(emptySet);
  const [selected, setSelected] = useState(emptySet);
  const [active, setActive] = useState<string>();
  const [comparing, setComparing] = useState<readonly [string, string]>();
  const [deleting, setDeleting] = useState<readonly string[]>([]);
  const searchRef = useRef<HTMLInputElement>(null);

  // keeps typing responsive in a long list
  const deferredText = useDeferredValue(text);
  const words = filterWords({ text: deferredText }).join(' ');
  const filter = useMemo<BuildFilter>(
    () => ({ text: words, status: outcome === 'all' ? undefined : outcome, project }),
    [words, outcome, project],
  );
  const { builds, hasOlder, isLoading, loadOlder } = useBuildPages(filter);
  const canCompare = useLoaded(CompareSheet, comparing !== undefined);
  const canDelete = useLoaded(DeleteBuildsDialog, deleting.length > 0);
  const rows = useMemo<readonly Row[]>(() => {
    const listed = listRows(builds, filter, { folded, showingAll });
    return hasOlder ? [...listed, { kind: 'older', id: `older ${JSON.stringify(filter)}` }] : listed;
  }, [builds, filter, folded, showingAll, hasOlder]);
  const trends = useMemo(() => trendsOf(builds), [builds]);
  const projects = useMemo(() => projectsOf(builds), [builds]);
  const shownIds = useMemo(() => new Set(rows.flatMap((row) => (isBuild(row) ? [row.id] : []))), [rows]);
  const selectedIds = [...selected].filter((id) => builds.some((build) => build.id === id));

  const actions = useMemo(
    () => ({
      open: (id: string) => navigate({ view: 'build', id }),
      resume: resumeAndOpen,
      rebuild: (id: string) => openSheet({ sheet: 'new-build', from: id }),
      select: (id: string) => setSelected((previous) => withToggled(previous, id)),
      fold: (context: string) => setFolded((previous) => withToggled(previous, context)),
      showAll: (context: string) => setShowingAll((previous) => withToggled(previous, context)),
      activate: setActive,
      cancel: (id: string) => void cancelBuild(id).catch(toastProblem),
    }),
    [],
  );

  /** Opens the dialog for the ended builds among these. Running builds cannot be deleted. */
  const openDeleteDialog = useCallback((ids: readonly string[]): void => {
    const { entries } = useBuilds.getState();
    const endedIds = ids.filter((id) => entries[id] && entries[id].status !== 'running');
    const [first = ''] = ids;
    if (endedIds.length > 0) {
      setDeleting(endedIds);
    } else if (entries[first]) {
      toast({
        title: `The build of ${formatReferenceShort(entries[first].reference)} is still running`,
        description: 'Cancel it before you delete it.',
        action: { label: 'Cancel build', run: () => void cancelBuild(first).catch(toastProblem) },
      });
    }
  }, []);

  const compareWithPrevious = useCallback((id: string): void => {
    previousBuildId(id).then((previousId) => {
      if (previousId) {
        setComparing([previousId, id]);
      } else {
        toast({
          title: 'There is no earlier build of this project',
          description: 'Select two builds to compare them.',
        });
      }
    }, toastProblem);
  }, []);

  function clearFilters(): void {
    setText('');
    setOutcome('all');
    if (project !== undefined) {
      replaceView({ view: 'builds' });
    }
  }

  useBuildsCommands({
    searchRef,
    activeId: active !== undefined && shownIds.has(active) ? active : undefined,
    selectedIds,
    open: actions.open,
    rebuild: actions.rebuild,
    compare: setComparing,
    compareWithPrevious,
    openDeleteDialog,
  });

  const isAll = useBuilds((state) => state.next === undefined);
  const loadedCount = useBuilds((state) => state.order.length);
  const more = hasOlder ? '+' : '';

  if (builds.length === 0 && !hasOlder) {
    return (
      <Page title="Builds" layout="full">
        <EmptyState
          icon="builds"
          title="No builds yet"
          actions={
            <>
              <Button
                kind="primary"
                icon="plus"
                shortcut={shortcuts.newBuild.keys}
                onClick={() => openSheet({ sheet: 'new-build' })}
              >
                New build
              </Button>
              <Button onClick={() => openSheet({ sheet: 'samples' })}>Try a sample…</Button>
            </>
          }
        >
          Builds are kept here with their steps, durations and logs until you delete them.
        </EmptyState>
      </Page>
    );
  }
  return (
    <Page
      title="Builds"
      note={
        isFiltered(filter)
          ? `${formatNumber(shownIds.size)}${more} of ${formatNumber(loadedCount)}${isAll ? '' : '+'}`
          : isAll
            ? formatCount(loadedCount, 'build')
            : `${formatNumber(loadedCount)}+ builds`
      }
      layout="full"
      actions={
        <Button icon="plus" kind="primary" onClick={() => openSheet({ sheet: 'new-build' })}>
          New build
        </Button>
      }
    >
      <Filters
        searchRef={searchRef}
        text={text}
        onText={setText}
        outcome={outcome}
        onOutcome={setOutcome}
        project={project}
        projects={projects}
      />
      {rows.length === 0 ? (
        <EmptyState icon="filter" title="No matches" actions={<Button onClick={clearFilters}>Show all builds</Button>}>
          No builds match these filters.
        </EmptyState>
      ) : (
        <BuildGrid
          rows={rows}
          trends={trends}
          selected={selected}
          active={active}
          actions={actions}
          onCompare={compareWithPrevious}
          onDelete={(id) => openDeleteDialog(selected.has(id) ? selectedIds : [id])}
          isLoadingOlder={isLoading}
          onOlder={loadOlder}
        />
      )}
      {selectedIds.length > 0 && (
        <SelectionBar
          ids={selectedIds}
          onCompare={setComparing}
          onDelete={() => openDeleteDialog(selectedIds)}
          onClear={() => setSelected(emptySet)}
        />
      )}
      <Presence>
        {comparing && canCompare && <CompareSheet ids={comparing} onClose={() => setComparing(undefined)} />}
      </Presence>
      {canDelete && (
        <DeleteBuildsDialog
          ids={deleting}
          onClose={() => setDeleting([])}
          onDeleted={(ids) => setSelected((previous) => new Set([...previous].filter((id) => !ids.includes(id))))}
        />
      )}
    </Page>
  );
}

function isBuild({ kind }: { kind: string }): boolean {
  return kind === 'build' || kind === 'running';
}

function isFiltered({ text, status, project }: BuildFilter): boolean {
  return text !== '' || status !== undefined || project !== undefined;
}

/** The id of the last ended build of the same project before this one. @throws Failure */
async function previousBuildId(id: string): Promise<string | undefined> {
  const project = useBuilds.getState().entries[id]?.project;
  const { ids } = await findBuilds({ project }, id);
  const { entries } = useBuilds.getState();
  return ids.find((other) => entries[other]?.status !== 'running' && entries[other]?.status !== 'unreadable');
}
