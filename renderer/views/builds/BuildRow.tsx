import { memo } from 'react';
import { isReadable, type JobEntry } from '../../../shared/build-entry.ts';
import { formatCount, formatList, formatPlatform, formatReferenceShort } from '../../../shared/format.ts';
import { foundInTexts } from '../../../shared/found-in.ts';
import { wordOf } from '../../../shared/words.ts';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import { PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { Duration, RelativeTime } from '../../parts/Quantity.tsx';
import { useBuildEntry } from '../../stores/builds.ts';
import styles from './BuildGrid.module.css';
import {
  BakeLink,
  type GridActions,
  GridCell,
  GridRow,
  type GridRowPosition,
  Reference,
  RowButton,
  TriggerLink,
} from './GridRow.tsx';
import { outcomeGroups, platformsText } from './outcome.ts';

export interface BuildRowProps {
  readonly position: GridRowPosition;
  readonly id: string;
  readonly isSelected: boolean;
  /** At least one build is selected: all rows show their checkbox. */
  readonly isSelecting: boolean;
  readonly actions: GridActions;
  readonly onCompare: (id: string) => void;
  readonly onDelete: (id: string) => void;
}

/** An ended build: its start, reference, the outcome of each platform, and its duration. */
export const BuildRow = memo(BuildRowContent, hasSameProps);

function BuildRowContent({ position, id, isSelected, isSelecting, actions, onCompare, onDelete }: BuildRowProps) {
  const build = useBuildEntry(id);
  if (!build) {
    return null;
  }
  const { reference, createdAt, jobs, durationMs, bake, trigger, notPushed } = build;
  const name = reference === '' ? id : formatReferenceShort(reference);
  const isUnreadable = !isReadable(build);
  const groups = outcomeGroups(jobs);
  const moves = jobs.flatMap(({ lostOn = [] }) => lostOn).length;
  return (
    <GridRow
      position={position}
      isSelected={isSelected}
      onPress={() => {
        actions.activate(id);
        actions.open(id);
      }}
    >
      <GridCell className={styles.started}>
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: Space selects the active row */}
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the row has aria-selected */}
        <span
          className={classes(
            styles.box,
            isSelected && styles.checked,
            !(isSelecting || position.showsActions) && styles.faint,
          )}
          onClick={(event) => {
            event.stopPropagation();
            actions.activate(id);
            actions.select(id);
          }}
        >
          {isSelected && <Icon name="check" size={12} />}
        </span>
        <RelativeTime time={createdAt} />
      </GridCell>
      <GridCell className={styles.named}>
        <Reference reference={reference || id} />
        <BakeLink bake={bake} />
        <TriggerLink trigger={trigger} />
      </GridCell>
      <GridCell className={styles.outcomes}>
        {groups.map(({ phase, jobs: groupJobs }) => (
          <span key={phase} className={styles.outcome} title={jobDetails(groupJobs)}>
            {phase === 'done' && groups.length > 1 ? (
              // if some platforms failed, the names of the others matter less
              <PhaseBadge phase={phase} word={`${groupJobs.length} done`} />
            ) : (
              <>
                {groupJobs.some(({ mismatch }) => mismatch !== undefined) ? (
                  <PhaseBadge phase="warning" word="Other programs" />
                ) : (
                  <PhaseBadge phase={phase} />
                )}
                <span className={styles.platforms}>{platformsText(groupJobs)}</span>
              </>
            )}
          </span>
        ))}
        {notPushed && (
          <span className={styles.outcome} title={`Not pushed to ${notPushed.join(', ')}`}>
            <PhaseBadge phase="warning" word="Not pushed" />
          </span>
        )}
        {moves > 0 && <span className={styles.moves}>{formatCount(moves, 'move')}</span>}
        {isUnreadable ? (
          <span className={styles.outcome} title={build.problem}>
            <PhaseBadge phase="warning" word="Unreadable" />
            <span className={styles.platforms}>{build.problem}</span>
          </span>
        ) : (
          groups.length === 0 && <PhaseBadge phase={build.status} />
        )}
      </GridCell>
      <GridCell className={styles.duration}>{durationMs !== undefined && <Duration ms={durationMs} />}</GridCell>
      <GridCell className={styles.actions}>
        {position.showsActions && (
          <>
            {!isUnreadable && (
              <>
                {build.status === 'interrupted' && (
                  <RowButton icon="play" label={`Resume build ${name}`} run={() => actions.resume(id)} />
                )}
                <RowButton icon="refresh" label={`Rebuild ${name}`} run={() => actions.rebuild(id)} />
                <RowButton icon="compare" label="Compare with the previous build" run={() => onCompare(id)} />
              </>
            )}
            <RowButton icon="trash" label={`Delete build ${name}`} run={() => onDelete(id)} />
          </>
        )}
      </GridCell>
    </GridRow>
  );
}

/** Compares the position by value, since the grid creates a new object for it at each render. */
function hasSameProps(
  { position, ...rest }: BuildRowProps,
  { position: nextPosition, ...next }: BuildRowProps,
): boolean {
  return (
    position.id === nextPosition.id &&
    position.top === nextPosition.top &&
    position.isActive === nextPosition.isActive &&
    position.showsActions === nextPosition.showsActions &&
    rest.id === next.id &&
    rest.isSelected === next.isSelected &&
    rest.isSelecting === next.isSelecting
  );
}

function jobDetails(jobs: readonly JobEntry[]): string {
  return jobs
    .map(
      ({ platform, node, mode, reusedFrom, skipped, foundIn, mismatch, lostOn = [] }) =>
        `${formatPlatform(platform)}${foundIn ? ` ${foundInTexts[foundIn]}` : reusedFrom ? ' of an earlier build' : ` on ${node}, ${wordOf(skipped ? 'unchanged' : mode)}`}${lostOn.length > 0 ? `, moved from ${formatList(lostOn.map((loss) => loss.node))}` : ''}${mismatch ? `\n${mismatch}` : ''}`,
    )
    .join('\n');
}
