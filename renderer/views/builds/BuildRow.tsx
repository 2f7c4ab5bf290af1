import { memo } from 'react';
import { formatPlatform, formatReferenceShort } from '../../../shared/format.ts';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { Duration, RelativeTime } from '../../parts/Quantity.tsx';
import { useBuild } from '../../stores/builds.ts';
import styles from './BuildGrid.module.css';
import type { GridActions } from './GroupRows.tsx';
import { Cell, Line, type LinePlace, Reference } from './Line.tsx';
import { groupsOf, platformsInWords } from './outcome.ts';

export interface BuildRowProps {
  readonly place: LinePlace;
  readonly id: string;
  readonly isSelected: boolean;
  /** Something is selected: boxes are shown on all lines. */
  readonly isSelecting: boolean;
  readonly act: GridActions;
  readonly onCompare: (id: string) => void;
  readonly onDelete: (id: string) => void;
}

/** A build that has ended: when, what, how each platform ended, and how long it took. */
function DrawBuildRow({ place, id, isSelected, isSelecting, act, onCompare, onDelete }: BuildRowProps) {
  const build = useBuild(id);
  if (!build) {
    return null;
  }
  const { reference, createdAt, jobs, durationMs, status } = build;
  const name = formatReferenceShort(reference);
  const groups = groupsOf(jobs);
  return (
    <Line
      place={place}
      isSelected={isSelected}
      onPress={() => {
        act.activate(id);
        act.open(id);
      }}
    >
      <Cell className={styles.when}>
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: Space selects the active line */}
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the line says whether it is selected */}
        <span
          className={classes(styles.box, isSelected && styles.checked, !(isSelecting || place.isHot) && styles.faint)}
          onClick={(event) => {
            event.stopPropagation();
            act.activate(id);
            act.select(id);
          }}
        >
          {isSelected && <Icon name="check" size={12} />}
        </span>
        <RelativeTime time={createdAt} />
      </Cell>
      <Cell className={styles.cell}>
        <Reference reference={reference} />
      </Cell>
      <Cell className={styles.outcomes}>
        {groups.map(({ phase, jobs: some }) => (
          <span key={phase} className={styles.outcome} title={inFull(some)}>
            {phase === 'done' && groups.length > 1 ? (
              // those that went well are not what one looks for here
              <PhaseBadge phase={phase} word={`${some.length} done`} />
            ) : (
              <>
                <PhaseBadge phase={phase} />
                <span className={styles.platforms}>{platformsInWords(some)}</span>
              </>
            )}
          </span>
        ))}
        {groups.length === 0 && <PhaseBadge phase={status} />}
      </Cell>
      <Cell className={styles.took}>{durationMs !== undefined && <Duration ms={durationMs} />}</Cell>
      <Cell className={styles.actions}>
        {place.isHot && (
          <>
            <RowButton icon="refresh" label={`Rebuild ${name}`} run={() => act.rebuild(id)} />
            <RowButton icon="compare" label="Compare with the build before" run={() => onCompare(id)} />
            <RowButton icon="trash" label={`Delete build ${name}`} run={() => onDelete(id)} />
          </>
        )}
      </Cell>
    </Line>
  );
}

export const BuildRow = memo(DrawBuildRow, isSame);

/** The place is made anew with every drawing of the grid, and mostly says the same. */
function isSame({ place, ...rest }: BuildRowProps, { place: nextPlace, ...next }: BuildRowProps): boolean {
  return (
    place.id === nextPlace.id &&
    place.top === nextPlace.top &&
    place.isActive === nextPlace.isActive &&
    place.isHot === nextPlace.isHot &&
    rest.id === next.id &&
    rest.isSelected === next.isSelected &&
    rest.isSelecting === next.isSelecting
  );
}

function inFull(jobs: Parameters<typeof platformsInWords>[0]): string {
  return jobs.map(({ platform, node, mode }) => `${formatPlatform(platform)} on ${node}, ${mode}`).join('\n');
}

/** A button of a line: the line is not opened by it, and the Tab key passes it by. */
export function RowButton({
  icon,
  label,
  run,
}: {
  icon: 'refresh' | 'compare' | 'trash' | 'stop';
  label: string;
  run: () => void;
}) {
  return (
    <IconButton
      icon={icon}
      label={label}
      size="small"
      tabIndex={-1}
      onClick={(event) => {
        event.stopPropagation();
        run();
      }}
    />
  );
}
