import { useCallback, useDeferredValue, useMemo, useRef, useState } from 'react';
import type { Build } from '../../../shared/build.ts';
import { formatCount, formatNumber, formatReferenceShort } from '../../../shared/format.ts';
import { type Command, useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Page } from '../../parts/Page.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { cancelBuild, useBuilds, useRunningIds } from '../../stores/builds.ts';
import { navigate, openSheet, replaceView } from '../../stores/navigation.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import { BuildGrid } from './BuildGrid.tsx';
import styles from './Builds.module.css';
import { CompareSheet } from './CompareSheet.tsx';
import { DeleteBuilds } from './DeleteBuilds.tsx';
import { Filters } from './Filters.tsx';
import { type Filter, type Outcome, projectsOf, rowsOf } from './rows.ts';
import { trendsOf } from './trend.ts';

export interface BuildsViewProps {
  /** The context folder whose builds are shown alone. */
  readonly project?: string | undefined;
}

const nothing: ReadonlySet<string> = new Set();

function toggled(set: ReadonlySet<string>, value: string): ReadonlySet<string> {
  return set.has(value) ? new Set([...set].filter((each) => each !== value)) : new Set([...set, value]);
}

/** Every build that was made here: the running ones on top, the others with their project. */
export function BuildsView({ project }: BuildsViewProps) {
  const builds = useAllBuilds();
  const [text, setText] = useState('');
  const [outcome, setOutcome] = useState<Outcome>('all');
  const [folded, setFolded] = useState(nothing);
  const [unrolled, setUnrolled] = useState(nothing);
  const [selected, setSelected] = useState(nothing);
  const [active, setActive] = useState<string>();
  const [comparing, setComparing] = useState<readonly [string, string]>();
  const [deleting, setDeleting] = useState<readonly string[]>([]);
  const search = useRef<HTMLInputElement>(null);

  // typing stays quick however long the list is
  const wanted = useDeferredValue(text);
  const filter = useMemo<Filter>(() => ({ text: wanted, outcome, project }), [wanted, outcome, project]);
  const rows = useMemo(() => rowsOf(builds, filter, { folded, unrolled }), [builds, filter, folded, unrolled]);
  const trends = useMemo(() => trendsOf(builds), [builds]);
  const projects = useMemo(() => projectsOf(builds), [builds]);
  const found = useMemo(() => new Set(rows.flatMap((row) => (isBuild(row) ? [row.id] : []))), [rows]);
  const chosen = [...selected].filter((id) => builds.some((build) => build.id === id));

  const act = useMemo(
    () => ({
      open: (id: string) => navigate({ view: 'build', id }),
      rebuild: (id: string) => openSheet({ sheet: 'new-build', from: id }),
      select: (id: string) => setSelected((before) => toggled(before, id)),
      fold: (context: string) => setFolded((before) => toggled(before, context)),
      unroll: (context: string) => setUnrolled((before) => toggled(before, context)),
      activate: setActive,
      cancel: (id: string) => void cancelBuild(id).catch(toastProblem),
    }),
    [],
  );

  /** Asks before the builds go; those that still run are not for deleting. */
  const askToDelete = useCallback((ids: readonly string[]): void => {
    const { byId } = useBuilds.getState();
    const ended = ids.filter((id) => byId[id] && byId[id].status !== 'running');
    const [first = ''] = ids;
    if (ended.length > 0) {
      setDeleting(ended);
    } else if (byId[first]) {
      toast({
        title: `${formatReferenceShort(byId[first].reference)} is still being built`,
        description: 'Cancel it before you delete it.',
        action: { label: 'Cancel build', run: () => void cancelBuild(first).catch(toastProblem) },
      });
    }
  }, []);

  const compareWithBefore = useCallback((id: string): void => {
    const other = buildBefore(id);
    if (other) {
      setComparing([other, id]);
    } else {
      toast({ title: 'There is no earlier build of this project', description: 'Select two builds to compare them.' });
    }
  }, []);

  function clear(): void {
    setText('');
    setOutcome('all');
    if (project !== undefined) {
      replaceView({ view: 'builds' });
    }
  }

  useCommands(() => {
    const commands: Command[] = [
      {
        id: 'builds:filter',
        label: 'Filter builds',
        group: 'Here',
        icon: 'search',
        shortcut: '/',
        run: () => search.current?.focus(),
      },
    ];
    const [one, two] = chosen;
    if (chosen.length === 2 && one !== undefined && two !== undefined) {
      commands.push({
        id: 'builds:compare',
        label: 'Compare the selected builds',
        group: 'Here',
        icon: 'compare',
        run: () => setComparing([one, two]),
      });
    }
    const build = active === undefined ? undefined : useBuilds.getState().byId[active];
    if (build && found.has(build.id)) {
      const name = formatReferenceShort(build.reference);
      commands.push(
        {
          id: 'builds:open',
          label: `Open build ${name}`,
          group: 'Here',
          icon: 'builds',
          run: () => act.open(build.id),
        },
        {
          id: 'builds:rebuild',
          label: `Rebuild ${name}…`,
          group: 'Here',
          icon: 'refresh',
          run: () => act.rebuild(build.id),
        },
        {
          id: 'builds:compare-before',
          label: `Compare ${name} with the build before`,
          group: 'Here',
          icon: 'compare',
          run: () => compareWithBefore(build.id),
        },
        {
          id: 'builds:delete',
          label: `Delete build ${name}…`,
          group: 'Here',
          icon: 'trash',
          run: () => askToDelete([build.id]),
        },
      );
    }
    return commands;
  }, [active, found, chosen.join(' '), act, askToDelete, compareWithBefore]);

  if (builds.length === 0) {
    return (
      <Page title="Builds" layout="full">
        <EmptyState
          icon="builds"
          title="No builds yet"
          actions={
            <Button kind="primary" icon="plus" shortcut="Mod+N" onClick={() => openSheet({ sheet: 'new-build' })}>
              New build
            </Button>
          }
        >
          Every build stays here with its steps, its durations and its logs, until you delete it.
        </EmptyState>
      </Page>
    );
  }
  return (
    <Page
      title="Builds"
      note={
        isFiltered(filter)
          ? `${formatNumber(found.size)} of ${formatNumber(builds.length)}`
          : formatNumber(builds.length)
      }
      layout="full"
      actions={
        <Button icon="plus" kind="primary" onClick={() => openSheet({ sheet: 'new-build' })}>
          New build
        </Button>
      }
    >
      <Filters
        searchRef={search}
        text={text}
        onText={setText}
        outcome={outcome}
        onOutcome={setOutcome}
        project={project}
        projects={projects}
      />
      {rows.length === 0 ? (
        <EmptyState icon="filter" title="No build matches" actions={<Button onClick={clear}>Show all builds</Button>}>
          None of the {formatCount(builds.length, 'build')} has all of this.
        </EmptyState>
      ) : (
        <BuildGrid
          rows={rows}
          trends={trends}
          selected={selected}
          active={active}
          act={act}
          onCompare={compareWithBefore}
          onDelete={(id) => askToDelete(selected.has(id) ? chosen : [id])}
        />
      )}
      {chosen.length > 0 && (
        <div className={styles.selection} role="toolbar" aria-label="Selected builds">
          <span className={styles.count}>{formatCount(chosen.length, 'build')} selected</span>
          <Button
            icon="compare"
            disabled={chosen.length !== 2}
            onClick={() => {
              const [one, two] = chosen;
              if (one !== undefined && two !== undefined) {
                setComparing([one, two]);
              }
            }}
          >
            {chosen.length === 2 ? 'Compare' : 'Select two to compare'}
          </Button>
          <Button icon="trash" onClick={() => askToDelete(chosen)}>
            Delete…
          </Button>
          <Button kind="quiet" onClick={() => setSelected(nothing)}>
            Clear selection
          </Button>
        </div>
      )}
      <Presence>{comparing && <CompareSheet ids={comparing} onClose={() => setComparing(undefined)} />}</Presence>
      <DeleteBuilds
        ids={deleting}
        onClose={() => setDeleting([])}
        onDeleted={(gone) => setSelected((before) => new Set([...before].filter((id) => !gone.includes(id))))}
      />
    </Page>
  );
}

function isBuild({ kind }: { kind: string }): boolean {
  return kind === 'build' || kind === 'running';
}

function isFiltered({ text, outcome, project }: Filter): boolean {
  return text.trim() !== '' || outcome !== 'all' || project !== undefined;
}

/**
 * Every build, newest first. The same array while builds only make progress: what changes in a running one is drawn by its
 * own row, and a thousand others need not be looked at again for it.
 */
function useAllBuilds(): readonly Build[] {
  const order = useBuilds((state) => state.order);
  const running = useRunningIds();
  // biome-ignore lint/correctness/useExhaustiveDependencies: when a build has ended, the list of running ones is another
  return useMemo(() => {
    const { byId } = useBuilds.getState();
    return order.flatMap((id) => byId[id] ?? []);
  }, [order, running]);
}

/** The id of the build of the same project that ended before this one. */
function buildBefore(id: string): string | undefined {
  const { byId, order } = useBuilds.getState();
  const context = byId[id]?.request.context;
  return order
    .slice(order.indexOf(id) + 1)
    .find((other) => byId[other]?.request.context === context && byId[other]?.status !== 'running');
}
