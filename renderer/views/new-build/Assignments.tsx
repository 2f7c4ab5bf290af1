import { type DragEvent, useState } from 'react';
import { modeOf, type Schedule } from '../../../shared/farm.ts';
import { formatCount } from '../../../shared/format.ts';
import type { Node } from '../../../shared/node.ts';
import type { Platform } from '../../../shared/platform.ts';
import type { Problem } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { type ChipKind, PlatformChip } from '../../parts/Chip.tsx';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { FixText, ProblemNote } from '../../parts/ProblemNote.tsx';
import { Spinner, Waiting } from '../../parts/Spinner.tsx';
import styles from './Assignments.module.css';
import type { Draft } from './draft.ts';
import { Section } from './Section.tsx';
import type { Preview } from './use-preview.ts';

/** With more nodes than this the menus pin better than a hand does. */
const mostDragged = 12;
/** More platforms that nobody can build are told in a line each. */
const mostOpen = 2;

interface AssignmentsProps {
  readonly preview: Preview;
  /** What is to be built, in the order of the chips. */
  readonly platforms: readonly Platform[];
  /** The nodes that are up. */
  readonly nodes: readonly Node[];
  readonly nodeCount: number;
  readonly emulate: boolean;
  readonly pins: Draft['pins'];
  readonly onPin: (platform: Platform, node: string | undefined) => void;
  readonly onLeaveOut: (platforms: readonly Platform[]) => void;
}

/** Who builds what: a row a platform, with the node, why it is that one, and the ways to have another. */
export function Assignments({
  preview,
  platforms,
  nodes,
  nodeCount,
  emulate,
  pins,
  onPin,
  onLeaveOut,
}: AssignmentsProps) {
  const { schedule, problem, busy, askAgain } = preview;
  const [dragged, setDragged] = useState<string>();
  const node = nodes.find(({ connection }) => connection === dragged);
  const able = (one: Node, platform: Platform) => {
    const mode = modeOf(one, platform);
    return mode === 'emulated' && !emulate ? undefined : mode;
  };
  const holes = platforms.filter((platform) => schedule?.unassigned.some((each) => each.platform === platform));
  const useful = nodes.filter((one) => platforms.some((platform) => able(one, platform)));
  return (
    <Section
      title="Who builds what"
      note={
        busy && (
          <output className={styles.busy}>
            <Spinner /> Asking {formatCount(nodeCount, 'node')}
          </output>
        )
      }
    >
      {problem && (
        <ProblemNote
          problem={problem}
          actions={
            <Button size="small" icon="refresh" busy={busy} onClick={askAgain}>
              Ask again
            </Button>
          }
        />
      )}
      {!schedule && !problem && platforms.length === 0 && <Waiting>Asking the nodes what they can build</Waiting>}
      {holes.length > mostOpen && (
        <div className={styles.holes}>
          <p>
            Nobody can build {holes.length} of the {formatCount(platforms.length, 'platform')}.
          </p>
          <Button size="small" onClick={() => onLeaveOut(holes)}>
            Leave out these {holes.length}
          </Button>
        </div>
      )}
      {platforms.length > 0 && (
        <ul className={styles.rows} aria-label="Who builds what">
          {platforms.map((platform) => (
            <Row
              key={platform}
              platform={platform}
              schedule={schedule}
              candidates={nodes.flatMap((one) => {
                const mode = able(one, platform);
                return mode ? [{ name: one.connection, mode }] : [];
              })}
              pin={pins[platform]}
              held={node && { name: node.connection, isAble: able(node, platform) !== undefined }}
              onPin={(name) => onPin(platform, name)}
              isHoleOpen={holes.length <= mostOpen}
              onLeaveOut={() => onLeaveOut([platform])}
            />
          ))}
        </ul>
      )}
      {useful.length > 1 && useful.length <= mostDragged && platforms.length > 0 && (
        <div className={styles.bench}>
          <span>Drag onto a platform to pin it there:</span>
          {useful.map(({ connection }) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the menus of the rows do the same for keys
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
      {schedule && schedule.leftOut.length > 0 && <LeftOut leftOut={schedule.leftOut} />}
    </Section>
  );
}

interface HoleProps {
  readonly platform: Platform;
  readonly problem: Problem;
  readonly isOpen: boolean;
  readonly onLeaveOut: () => void;
}

/** Nobody can build it: why, what would help, and the way on without it. */
function Hole({ platform, problem, isOpen, onLeaveOut }: HoleProps) {
  return (
    <div className={styles.hole}>
      <details open={isOpen}>
        <summary>Nobody can build it</summary>
        <p>{problem.message}</p>
        <p className={styles.fix}>
          <FixText text={problem.fix} />
        </p>
      </details>
      <Button size="small" onClick={onLeaveOut}>
        Leave out<span className="visually-hidden"> {platform}</span>
      </Button>
    </div>
  );
}

interface RowProps {
  readonly platform: Platform;
  readonly schedule: Schedule | undefined;
  readonly candidates: readonly { readonly name: string; readonly mode: 'native' | 'emulated' }[];
  readonly pin: string | undefined;
  /** The node that is dragged now. */
  readonly held: { readonly name: string; readonly isAble: boolean } | undefined;
  /** A hole is so rare here that it may take room. */
  readonly isHoleOpen: boolean;
  readonly onPin: (node: string | undefined) => void;
  readonly onLeaveOut: () => void;
}

function Row({ platform, schedule, candidates, pin, held, isHoleOpen, onPin, onLeaveOut }: RowProps) {
  const [isOver, setIsOver] = useState(false);
  const assignment = schedule?.assignments.find((each) => each.platform === platform);
  const hole = schedule?.unassigned.find((each) => each.platform === platform);
  const kind: ChipKind = assignment?.mode ?? (hole ? 'impossible' : (candidates[0]?.mode ?? 'neutral'));
  // while the answer to a new pin is on its way, the pin is shown already
  const isPinned = pin !== undefined && candidates.some(({ name }) => name === pin);
  const node = isPinned ? pin : assignment?.node;

  function onDragOver(event: DragEvent): void {
    if (held?.isAble) {
      event.preventDefault();
      event.dataTransfer.dropEffect = 'link';
      setIsOver(true);
    }
  }
  function onDrop(event: DragEvent): void {
    setIsOver(false);
    if (held?.isAble) {
      event.preventDefault();
      event.stopPropagation();
      onPin(held.name);
    }
  }

  return (
    <li
      className={classes(
        styles.row,
        held && (held.isAble ? styles.takes : styles.refuses),
        isOver && held && styles.isOver,
      )}
      onDragOver={onDragOver}
      onDragLeave={() => setIsOver(false)}
      onDrop={onDrop}
    >
      <span className={styles.platform}>
        <PlatformChip platform={platform} kind={kind} />
      </span>
      {hole && !isPinned ? (
        <Hole platform={platform} problem={hole.problem} isOpen={isHoleOpen} onLeaveOut={onLeaveOut} />
      ) : (
        <>
          <Menu
            align="start"
            trigger={
              <Button size="small" className={styles.chooser}>
                {isPinned && <Icon name="pin" size={14} />}
                <span className={styles.nodeName}>{node ?? 'Choosing…'}</span>
                <Icon name="select" size={14} />
                <span className="visually-hidden">, who builds {platform}</span>
              </Button>
            }
            items={menuOf(candidates, isPinned ? pin : undefined, onPin)}
          />
          <span className={styles.reason}>
            {held && !held.isAble ? `${held.name} cannot build it` : (assignment?.reason ?? '')}
          </span>
        </>
      )}
    </li>
  );
}

function menuOf(
  candidates: RowProps['candidates'],
  pin: string | undefined,
  onPin: (node: string | undefined) => void,
): MenuItem[] {
  return [
    {
      label: 'Automatic',
      hint: 'Native before emulated, then where its cache is',
      ...(pin === undefined ? { icon: 'check' as const } : {}),
      run: () => onPin(undefined),
    },
    ...(candidates.length > 0 ? ['separator' as const] : []),
    ...candidates.map(
      ({ name, mode }): MenuItem => ({
        label: name,
        hint: mode,
        ...(pin === name ? { icon: 'pin' } : {}),
        run: () => onPin(name),
      }),
    ),
  ];
}

function LeftOut({ leftOut }: { leftOut: Schedule['leftOut'] }) {
  return (
    <details className={styles.leftOut}>
      <summary>
        <Icon name="warning" size={14} />
        {formatCount(leftOut.length, 'node is', 'nodes are')} left out:{' '}
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
          </li>
        ))}
      </ul>
    </details>
  );
}
