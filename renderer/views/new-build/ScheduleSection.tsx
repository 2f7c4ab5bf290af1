import { useState } from 'react';
import { finishText } from '../../../shared/estimate-text.ts';
import { formatCount } from '../../../shared/format.ts';
import type { Node } from '../../../shared/node.ts';
import type { Platform } from '../../../shared/platform.ts';
import { modeOf, type Schedule } from '../../../shared/schedule.ts';
import { Button } from '../../parts/Button.tsx';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import { FixText, ProblemActions, ProblemNote } from '../../parts/ProblemNote.tsx';
import type { ActionHandlers } from '../../parts/problem-actions.ts';
import { Spinner, Waiting } from '../../parts/Spinner.tsx';
import type { BuildDraft } from './draft.ts';
import { ScheduleRow } from './ScheduleRow.tsx';
import styles from './ScheduleSection.module.css';
import { Section } from './Section.tsx';
import type { Preview } from './use-preview.ts';

/** Nodes can be dragged only if there are no more than this. With more, the menus are quicker. */
const maxDraggable = 12;
/** The problems of unassigned platforms are expanded if there are no more than this. */
const maxExpanded = 2;

interface ScheduleSectionProps {
  readonly preview: Preview;
  /** The selected platforms, in the order of the chips. */
  readonly platforms: readonly Platform[];
  /** The nodes that are up. */
  readonly nodes: readonly Node[];
  readonly nodeCount: number;
  readonly emulate: boolean;
  readonly pins: BuildDraft['pins'];
  readonly onPin: (platform: Platform, node: string | undefined) => void;
  readonly onSkip: (platforms: readonly Platform[]) => void;
  /** What the buttons of problems do. */
  readonly handlers: ActionHandlers;
}

/** The build plan: one row per platform, with its node, the reason, and a menu to pin another node. */
export function ScheduleSection({
  preview,
  platforms,
  nodes,
  nodeCount,
  emulate,
  pins,
  onPin,
  onSkip,
  handlers,
}: ScheduleSectionProps) {
  const { schedule, problem, isLoading, reload } = preview;
  const finish = schedule && finishText(schedule);
  const [dragged, setDragged] = useState<string>();
  const node = nodes.find(({ connection }) => connection === dragged);
  const leftOut = new Set(schedule?.leftOut.map((left) => left.node));
  const usableMode = (candidate: Node, platform: Platform) => {
    if (leftOut.has(candidate.connection)) {
      return undefined;
    }
    const mode = modeOf(candidate, platform);
    return mode === 'emulated' && !emulate ? undefined : mode;
  };
  const assignedWithNotes = nodes.filter(
    ({ connection, capabilities: { notes = [] } }) =>
      notes.length > 0 && schedule?.assignments.some((assignment) => assignment.node === connection),
  );
  const unassigned = platforms.filter((platform) => schedule?.unassigned.some((entry) => entry.platform === platform));
  const usableNodes = nodes.filter((candidate) => platforms.some((platform) => usableMode(candidate, platform)));
  return (
    <Section
      title="Build plan"
      note={
        isLoading && (
          <output className={styles.busy}>
            <Spinner /> Checking {formatCount(nodeCount, 'node')}
          </output>
        )
      }
    >
      {problem && (
        <ProblemNote
          problem={problem}
          handlers={handlers}
          actions={
            <Button size="small" icon="refresh" busy={isLoading} onClick={reload}>
              Try again
            </Button>
          }
        />
      )}
      {!schedule && !problem && platforms.length === 0 && <Waiting>Checking what the nodes can build</Waiting>}
      {unassigned.length > maxExpanded && (
        <div className={styles.unassignedSummary}>
          <p>
            No node can build {unassigned.length} of the {formatCount(platforms.length, 'platform')}.
          </p>
          <Button size="small" onClick={() => onSkip(unassigned)}>
            Skip these {unassigned.length}
          </Button>
        </div>
      )}
      {platforms.length > 0 && (
        <ul className={styles.rows} aria-label="Build plan">
          {platforms.map((platform) => (
            <ScheduleRow
              key={platform}
              platform={platform}
              schedule={schedule}
              candidates={nodes.flatMap((candidate) => {
                const mode = usableMode(candidate, platform);
                return mode ? [{ name: candidate.connection, mode }] : [];
              })}
              pin={pins[platform]}
              draggedNode={node && { name: node.connection, canBuild: usableMode(node, platform) !== undefined }}
              onPin={(name) => onPin(platform, name)}
              isProblemExpanded={unassigned.length <= maxExpanded}
              onSkip={() => onSkip([platform])}
              handlers={handlers}
            />
          ))}
        </ul>
      )}
      {finish && <p className={styles.finish}>{finish}</p>}
      {usableNodes.length > 1 && usableNodes.length <= maxDraggable && platforms.length > 0 && (
        <div className={styles.draggableNodes} aria-hidden="true">
          <span>Drag a node onto a platform to pin it:</span>
          {usableNodes.map(({ connection }) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the menus of the rows do the same by keyboard
            <span
              key={connection}
              draggable
              className={classes(styles.node, dragged === connection && styles.isDragged)}
              onDragStart={(event) => {
                event.dataTransfer.setData('text/plain', connection);
                event.dataTransfer.effectAllowed = 'link';
                setDragged(connection);
              }}
              onDragEnd={() => setDragged(undefined)}
            >
              <Icon name="drag" size={12} />
              {connection}
            </span>
          ))}
        </div>
      )}
      {assignedWithNotes.map(({ connection, capabilities }) => (
        <p key={connection} className={styles.note}>
          <Icon name="info" size={14} />
          <span>
            {connection}: {capabilities.notes?.join(' ')}
          </span>
        </p>
      ))}
      {schedule && schedule.leftOut.length > 0 && (
        <UnavailableNodes
          leftOut={schedule.leftOut}
          isExpanded={schedule.leftOut.length === nodeCount}
          isLoading={isLoading}
          onRetry={reload}
        />
      )}
    </Section>
  );
}

interface UnavailableNodesProps {
  readonly leftOut: Schedule['leftOut'];
  /** Whether the reasons are shown at first: no node is left. */
  readonly isExpanded: boolean;
  readonly isLoading: boolean;
  readonly onRetry: () => void;
}

function UnavailableNodes({ leftOut, isExpanded, isLoading, onRetry }: UnavailableNodesProps) {
  return (
    <details className={styles.unavailable} open={isExpanded}>
      <summary>
        <Icon name="warning" size={14} />
        {formatCount(leftOut.length, 'node is', 'nodes are')} unavailable:{' '}
        {leftOut
          .slice(0, 4)
          .map(({ node }) => node)
          .join(', ')}
        {leftOut.length > 4 && ' …'}
      </summary>
      <ul>
        {leftOut.map(({ node, problem }) => (
          <li key={node}>
            <p>{problem.message}</p>
            <p className={styles.fix}>
              <FixText text={problem.fix} />
            </p>
            <ProblemActions problem={problem} />
          </li>
        ))}
      </ul>
      <Button size="small" icon="refresh" busy={isLoading} onClick={onRetry} className={styles.retry}>
        Try again
      </Button>
    </details>
  );
}
