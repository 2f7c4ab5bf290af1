import { type DragEvent, useState } from 'react';
import { emulationCostText } from '../../../shared/emulation.ts';
import { estimateText } from '../../../shared/estimate-text.ts';
import type { Platform } from '../../../shared/platform.ts';
import type { Problem } from '../../../shared/problem.ts';
import type { Schedule } from '../../../shared/schedule.ts';
import { wordOf } from '../../../shared/words.ts';
import { Button } from '../../parts/Button.tsx';
import { type ChipKind, PlatformChip } from '../../parts/Chip.tsx';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { FixText, ProblemActions } from '../../parts/ProblemNote.tsx';
import type { ActionHandlers } from '../../parts/problem-actions.ts';
import styles from './ScheduleSection.module.css';

interface UnassignedProps {
  readonly platform: Platform;
  readonly problem: Problem;
  readonly isExpanded: boolean;
  readonly onSkip: () => void;
  readonly handlers: ActionHandlers;
}

/** Explains why no node can build a platform, with a button that deselects the platform. */
function Unassigned({ platform, problem, isExpanded, onSkip, handlers }: UnassignedProps) {
  return (
    <div className={styles.unassigned}>
      <details open={isExpanded}>
        <summary>No node can build this platform</summary>
        <p>{problem.message}</p>
        <p className={styles.fix}>
          <FixText text={problem.fix} />
        </p>
        <ProblemActions problem={problem} handlers={handlers} />
      </details>
      <Button size="small" onClick={onSkip}>
        Skip<span className="visually-hidden"> {platform}</span>
      </Button>
    </div>
  );
}

export interface ScheduleRowProps {
  readonly platform: Platform;
  readonly schedule: Schedule | undefined;
  readonly candidates: readonly { readonly name: string; readonly mode: 'native' | 'emulated' }[];
  readonly pin: string | undefined;
  /** The node that is being dragged, and whether it can build the platform. */
  readonly draggedNode: { readonly name: string; readonly canBuild: boolean } | undefined;
  /** Whether the problem of an unassigned platform is expanded at first. */
  readonly isProblemExpanded: boolean;
  readonly onPin: (node: string | undefined) => void;
  readonly onSkip: () => void;
  readonly handlers: ActionHandlers;
}

/** One platform of the build plan. A node can be pinned by menu or by dropping it here. */
export function ScheduleRow({
  platform,
  schedule,
  candidates,
  pin,
  draggedNode,
  isProblemExpanded,
  onPin,
  onSkip,
  handlers,
}: ScheduleRowProps) {
  const [isDraggingOver, setIsDraggingOver] = useState(false);
  const assignment = schedule?.assignments.find((entry) => entry.platform === platform);
  const emulation = schedule?.emulation?.find(
    (entry) => entry.platform === platform && entry.node === assignment?.node,
  );
  const unassigned = schedule?.unassigned.find((entry) => entry.platform === platform);
  const kind: ChipKind = assignment?.mode ?? (unassigned ? 'impossible' : (candidates[0]?.mode ?? 'neutral'));
  // a new pin is shown before the next schedule has been loaded
  const isPinned = pin !== undefined && candidates.some(({ name }) => name === pin);
  const node = isPinned ? pin : assignment?.node;

  function onDragOver(event: DragEvent): void {
    if (draggedNode?.canBuild) {
      event.preventDefault();
      event.dataTransfer.dropEffect = 'link';
      setIsDraggingOver(true);
    }
  }
  function onDrop(event: DragEvent): void {
    setIsDraggingOver(false);
    if (draggedNode?.canBuild) {
      event.preventDefault();
      event.stopPropagation();
      onPin(draggedNode.name);
    }
  }

  return (
    <li
      className={classes(
        styles.row,
        draggedNode && (draggedNode.canBuild ? styles.canDrop : styles.cannotDrop),
        isDraggingOver && draggedNode && styles.isOver,
      )}
      onDragOver={onDragOver}
      onDragLeave={() => setIsDraggingOver(false)}
      onDrop={onDrop}
    >
      <span className={styles.platform}>
        <PlatformChip platform={platform} kind={kind} />
      </span>
      {unassigned && !isPinned ? (
        <Unassigned
          platform={platform}
          problem={unassigned.problem}
          isExpanded={isProblemExpanded}
          onSkip={onSkip}
          handlers={handlers}
        />
      ) : (
        <>
          <Menu
            align="start"
            trigger={
              <Button size="small" className={styles.nodeButton}>
                {isPinned && <Icon name="pin" size={14} />}
                <span className={styles.nodeName}>{node ?? 'Selecting…'}</span>
                <Icon name="select" size={14} />
                <span className="visually-hidden">, node for {platform}</span>
              </Button>
            }
            items={menuItems(candidates, isPinned ? pin : undefined, onPin)}
          />
          <span className={styles.reason}>
            {draggedNode && !draggedNode.canBuild
              ? `${draggedNode.name} cannot build this platform`
              : [assignment?.reason, assignment?.estimate && estimateText(assignment.estimate)]
                  .filter(Boolean)
                  .join('; ')}
            {emulation && <span className={styles.cost}>{emulationCostText(emulation)}</span>}
          </span>
        </>
      )}
    </li>
  );
}

function menuItems(
  candidates: ScheduleRowProps['candidates'],
  pin: string | undefined,
  onPin: (node: string | undefined) => void,
): MenuItem[] {
  return [
    {
      label: 'Automatic',
      hint: 'Native nodes first, then those that are done first',
      ...(pin === undefined ? { icon: 'check' as const } : {}),
      run: () => onPin(undefined),
    },
    ...(candidates.length > 0 ? ['separator' as const] : []),
    ...candidates.map(
      ({ name, mode }): MenuItem => ({
        label: name,
        hint: wordOf(mode),
        ...(pin === name ? { icon: 'pin' } : {}),
        run: () => onPin(name),
      }),
    ),
  ];
}
