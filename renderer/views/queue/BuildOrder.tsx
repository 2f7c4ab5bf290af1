import { type DragEvent, type KeyboardEvent, useRef, useState } from 'react';
import { formatCount, formatReferenceShort, formatTimeOfDay } from '../../../shared/format.ts';
import type { QueuedBuild } from '../../../shared/queue.ts';
import { wordOf } from '../../../shared/words.ts';
import { call } from '../../api.ts';
import { classes } from '../../parts/classes.ts';
import { contextMenu } from '../../parts/context-menu.ts';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { hrefOf, navigate } from '../../stores/navigation.ts';
import { moveInQueue, setQueuePaused } from '../../stores/queue.ts';
import { toastProblem } from '../../stores/toasts.ts';
import styles from './Queue.module.css';

/** The builds of the queue in their order, which is changed by drag, by Alt with the arrow keys, and by menu. */
export function BuildOrder({ builds }: { readonly builds: readonly QueuedBuild[] }) {
  const [dragged, setDragged] = useState<string>();
  /** The build that the dragged one would come before; `end` stands for the end. */
  const [target, setTarget] = useState<string>();
  const list = useRef<HTMLOListElement>(null);
  const hasWaiting = builds.some(({ waiting }) => waiting > 0);

  function drop(event: DragEvent): void {
    event.preventDefault();
    if (dragged && target && dragged !== target) {
      moveInQueue(dragged, target === 'end' ? 'last' : { before: target });
    }
    setDragged(undefined);
    setTarget(undefined);
  }

  function onDragOver(event: DragEvent, index: number): void {
    if (!dragged) {
      return;
    }
    event.preventDefault();
    const { top, height } = event.currentTarget.getBoundingClientRect();
    const isAbove = event.clientY < top + height / 2;
    setTarget(builds[isAbove ? index : index + 1]?.id ?? 'end');
  }

  function onKeyDown(event: KeyboardEvent, index: number): void {
    if (event.target !== event.currentTarget) {
      return;
    }
    const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
    if (by === 0) {
      return;
    }
    event.preventDefault();
    if (event.altKey) {
      moveBy(builds, index, by);
    } else {
      list.current?.querySelectorAll<HTMLElement>('[data-build]')[index + by]?.focus();
    }
  }

  return (
    <section aria-label="Builds" className={styles.section}>
      <div className={styles.heading}>
        <h2>Builds</h2>
        {hasWaiting && builds.length > 1 && (
          <span className={styles.hint}>
            Builds of the same priority take turns. Drag one, or press Alt with an arrow key, to move it.
          </span>
        )}
      </div>
      <ol ref={list} className={styles.builds}>
        {builds.map((build, index) => (
          <li
            key={build.id}
            data-build={build.id}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the focus and the build
            tabIndex={0}
            aria-label={describe(build, index)}
            draggable
            onDragStart={(event) => {
              event.dataTransfer.effectAllowed = 'move';
              event.dataTransfer.setData('text/plain', build.reference);
              setDragged(build.id);
            }}
            onDragOver={(event) => onDragOver(event, index)}
            onDrop={drop}
            onDragEnd={() => {
              setDragged(undefined);
              setTarget(undefined);
            }}
            onKeyDown={(event) => onKeyDown(event, index)}
            {...contextMenu(() => itemsOf(builds, index))}
            className={classes(
              styles.build,
              dragged === build.id && styles.dragged,
              dragged && target === build.id && styles.before,
              dragged && target === 'end' && index === builds.length - 1 && styles.after,
            )}
          >
            <BuildRow builds={builds} index={index} build={build} />
          </li>
        ))}
      </ol>
    </section>
  );
}

interface BuildRowProps {
  readonly builds: readonly QueuedBuild[];
  readonly index: number;
  readonly build: QueuedBuild;
}

function BuildRow({ builds, index, build }: BuildRowProps) {
  const { id, reference, priority, isPaused, isMoved, running, waiting, endsAt, ofOtherProcess } = build;
  const name = formatReferenceShort(reference);
  return (
    <>
      <span className={styles.handle}>
        <Icon name="drag" size={14} />
      </span>
      <span className={styles.position}>{index + 1}</span>
      <a href={hrefOf({ view: 'build', id })} title={reference} className={styles.reference} draggable={false}>
        {name}
      </a>
      <span className={styles.marks}>
        {isPaused && (
          <span className={styles.pausedMark}>
            <Icon name="pause" size={12} />
            Paused
          </span>
        )}
        {priority !== 'normal' && (
          <span className={styles.mark}>{priority === 'high' ? 'High priority' : 'Low priority'}</span>
        )}
        {isMoved && <span className={styles.mark}>Moved</span>}
        {ofOtherProcess && <span className={styles.mark}>Other process</span>}
      </span>
      <span className={styles.counts}>{countsText(running, waiting)}</span>
      <span className={styles.end}>
        {endsAt === undefined ? '' : `until about ${formatTimeOfDay(Date.parse(endsAt)).slice(0, 5)}`}
      </span>
      <span className={styles.buttons}>
        <IconButton
          icon={isPaused ? 'play' : 'pause'}
          label={isPaused ? `Resume ${name}` : `Pause ${name}`}
          size="small"
          onClick={() => setQueuePaused(!isPaused, id)}
        />
        <Menu
          trigger={<IconButton icon="more" label={`More actions for ${name}`} size="small" />}
          items={itemsOf(builds, index)}
        />
      </span>
    </>
  );
}

function itemsOf(builds: readonly QueuedBuild[], index: number): MenuItem[] {
  const build = builds[index];
  if (!build) {
    return [];
  }
  const { id, isPaused } = build;
  const isFirst = index === 0;
  const isLast = index === builds.length - 1;
  return [
    { label: 'Move to the start', icon: 'up', disabled: isFirst, run: () => moveInQueue(id, 'first') },
    {
      label: 'Move up',
      icon: 'chevron-up',
      shortcut: 'Alt+↑',
      disabled: isFirst,
      run: () => moveBy(builds, index, -1),
    },
    {
      label: 'Move down',
      icon: 'chevron-down',
      shortcut: 'Alt+↓',
      disabled: isLast,
      run: () => moveBy(builds, index, 1),
    },
    { label: 'Move to the end', icon: 'down', disabled: isLast, run: () => moveInQueue(id, 'last') },
    'separator',
    {
      label: isPaused ? 'Resume build' : 'Pause build',
      icon: isPaused ? 'play' : 'pause',
      hint: isPaused ? 'It starts jobs again' : 'It starts no further jobs',
      run: () => setQueuePaused(!isPaused, id),
    },
    { label: 'Open build', icon: 'builds', run: () => navigate({ view: 'build', id }) },
    'separator',
    {
      label: 'Cancel build',
      icon: 'stop',
      danger: true,
      run: () => void call('builds.cancel', { id }).catch(toastProblem),
    },
  ];
}

/** Moves a build by one position: up, or down if `by` is 1. */
function moveBy(builds: readonly QueuedBuild[], index: number, by: number): void {
  const build = builds[index];
  const position = by < 0 ? index - 1 : index + 2;
  if (!build || position < 0 || (by > 0 && index === builds.length - 1)) {
    return;
  }
  const before = builds[position];
  moveInQueue(build.id, before ? { before: before.id } : 'last');
}

function countsText(running: number, waiting: number): string {
  return [...(running > 0 ? [`${running} running`] : []), ...(waiting > 0 ? [`${waiting} waiting`] : [])].join(', ');
}

function describe({ reference, running, waiting, isPaused, priority }: QueuedBuild, index: number): string {
  return [
    `${index + 1}: ${reference}`,
    formatCount(running, 'job running', 'jobs running'),
    formatCount(waiting, 'job waiting', 'jobs waiting'),
    ...(isPaused ? [wordOf('paused')] : []),
    ...(priority === 'normal' ? [] : [`${wordOf(priority)} priority`]),
  ].join(', ');
}
