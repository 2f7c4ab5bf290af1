/** Frame: what surrounds every view of the window, such as the sidebar, the palette and questions. */

import { type DragEvent, type ReactElement, type ReactNode, useState } from 'react';
import { formatCount, formatList, formatReferenceShort } from '../../shared/format.ts';
import icon from '../icon.svg';
import { classes } from '../parts/classes.ts';
import { contextMenu } from '../parts/context-menu.ts';
import { HealthDot, healthWord } from '../parts/HealthDot.tsx';
import { Icon, type IconName } from '../parts/Icon.tsx';
import { IconButton } from '../parts/IconButton.tsx';
import { Kbd } from '../parts/Kbd.tsx';
import type { MenuItem } from '../parts/Menu.tsx';
import { MiddleEllipsis } from '../parts/MiddleEllipsis.tsx';
import { PhaseGlyph, phaseWord } from '../parts/PhaseBadge.tsx';
import { Clock, RelativeTime } from '../parts/Quantity.tsx';
import { RetryCountdown } from '../parts/RetryCountdown.tsx';
import { shortcuts } from '../parts/shortcut-table.ts';
import { Tooltip } from '../parts/Tooltip.tsx';
import { useAutomation } from '../stores/automation.ts';
import { useBuild, useRunningIds } from '../stores/builds.ts';
import { useConnections } from '../stores/connections.ts';
import { addNodes, makeDefault, moveNode, probeNodes } from '../stores/farm-actions.ts';
import { useFarms } from '../stores/farms.ts';
import { askToFreeDisk } from '../stores/free-disk.ts';
import { hrefOf, navigate, openSheet, useNavigation, type View } from '../stores/navigation.ts';
import { useNodeDrag } from '../stores/node-drag.ts';
import { type Health, healthOf, summarizeNotUp, useNode, useNodes } from '../stores/nodes.ts';
import { useJobCounts, useQueue } from '../stores/queue.ts';
import { resumeAndOpen } from '../stores/resume.ts';
import { isGood, type UnseenBuild, useUnseenBuilds } from '../stores/watched-builds.ts';
import styles from './Sidebar.module.css';

/** A farm with more nodes than this shows a number (`49/50`) instead of dots. */
const maxDots = 6;
/** How many running builds are listed, and how many that ended unseen. The others are in the Builds view. */
const maxRunning = 5;
const maxUnseen = 5;

export interface SidebarProps {
  /** Whether it shows icons only. */
  readonly isFolded: boolean;
  readonly onFold: () => void;
  readonly onSearch: () => void;
}

export function Sidebar({ isFolded, onFold, onSearch }: SidebarProps) {
  const farms = useFarms((state) => state.farms);
  const running = useRunningIds();
  const unseen = useUnseenBuilds();
  const current = useNavigation(({ route }) => route?.view);
  const nodes = useNodes();
  const notUp = summarizeNotUp(Object.keys(nodes.byName).map((name) => healthOf(nodes, name)));
  const connections = useConnections((state) => state.connections.length);
  const watches = useAutomation((state) => state.watches.length);
  const canMove = useNodeDrag(({ dragged }) => dragged?.from !== undefined);

  return (
    <nav aria-label="Main" className={classes(styles.sidebar, isFolded && styles.folded)}>
      <div className={styles.brand}>
        <img src={icon} alt="" className={styles.mark} />
        <span className={styles.brandName}>Barnraiser</span>
      </div>
      <NavTooltip isFolded={isFolded} text="Search and run commands" shortcut={shortcuts.palette.keys}>
        <button type="button" className={styles.search} onClick={onSearch}>
          <Icon name="search" size={14} />
          <span>
            Search<span className="visually-hidden"> and run commands</span>
          </span>
          <Kbd keys={shortcuts.palette.keys} />
        </button>
      </NavTooltip>
      <div className={styles.scroll}>
        <div className={styles.heading}>
          <h2>Farms</h2>
          {canMove && <span className={styles.hint}>Hold Shift to move</span>}
          <IconButton icon="plus" label="New farm" size="small" onClick={() => navigate({ view: 'first-start' })} />
        </div>
        {farms.map(({ name, connections: members }) => (
          <FarmLink
            key={name}
            name={name}
            members={members}
            isFolded={isFolded}
            isCurrent={current?.view === 'farm' && current.name === name}
          />
        ))}
        <div className={styles.gap} />
        <NavLink
          view={{ view: 'builds' }}
          icon="builds"
          label="Builds"
          isCurrent={current?.view === 'builds'}
          isFolded={isFolded}
          dot={dotOf(running, unseen)}
          note={running.length > 0 ? formatCount(running.length, 'running', 'running') : undefined}
        />
        {running.slice(0, maxRunning).map((id) => (
          <RunningLink key={id} id={id} isCurrent={current?.view === 'build' && current.id === id} />
        ))}
        {unseen.slice(0, maxUnseen).map((build) => (
          <UnseenLink key={build.id} build={build} />
        ))}
        <QueueLink isFolded={isFolded} isCurrent={current?.view === 'queue'} />
        <NavLink
          view={{ view: 'schedules' }}
          icon="clock"
          label="Schedules"
          isFolded={isFolded}
          isCurrent={current?.view === 'schedules'}
          note={watches > 0 ? formatCount(watches, 'watch', 'watches') : undefined}
        />
        <NavLink
          view={{ view: 'images' }}
          icon="images"
          label="Images"
          isFolded={isFolded}
          isCurrent={current?.view === 'images' || current?.view === 'image' || current?.view === 'compare'}
        />
        <NavLink
          view={{ view: 'connections' }}
          icon="connections"
          label="Connections"
          isFolded={isFolded}
          isCurrent={current?.view === 'connections'}
          // nodes that reconnect automatically are shown less prominently, unless another node does not
          dot={notUp && (notUp.worst === 'lost' ? 'lost' : 'down')}
          note={
            notUp ? (
              <span className={notUp.worst === 'lost' ? styles.lost : styles.down}>{notUp.text}</span>
            ) : connections > 0 ? (
              connections
            ) : undefined
          }
        />
        <NavLink
          view={{ view: 'registries' }}
          icon="registry"
          label="Registries"
          isFolded={isFolded}
          isCurrent={current?.view === 'registries'}
        />
      </div>
      <div className={styles.foot}>
        <NavLink
          view={{ view: 'settings' }}
          icon="settings"
          label="Settings"
          isFolded={isFolded}
          isCurrent={current?.view === 'settings'}
        />
        <IconButton
          icon="sidebar"
          label={isFolded ? 'Unfold sidebar' : 'Fold sidebar'}
          shortcut={shortcuts.sidebar.keys}
          onClick={onFold}
        />
      </div>
    </nav>
  );
}

interface NavLinkProps {
  readonly view: View;
  readonly icon: IconName;
  readonly label: string;
  readonly isCurrent: boolean;
  readonly note?: ReactNode;
  /** Stands for the note while the sidebar is folded. */
  readonly dot?: 'running' | 'lost' | 'down' | 'done' | undefined;
  readonly isFolded: boolean;
}

function NavLink({ view, icon: glyph, label, isCurrent, note, dot, isFolded }: NavLinkProps) {
  const text =
    note === undefined ? (
      label
    ) : (
      <>
        {label}: {note}
      </>
    );
  return (
    <NavTooltip isFolded={isFolded} text={text}>
      <a href={hrefOf(view)} aria-current={isCurrent ? 'page' : undefined} className={styles.link}>
        <Icon name={glyph} />
        <span className={styles.name}>{label}</span>
        {note !== undefined && <span className={styles.count}>{note}</span>}
        {dot && <span className={classes(styles.dot, dotStyles[dot])} />}
      </a>
    </NavTooltip>
  );
}

const dotStyles = { running: undefined, lost: styles.dotLost, down: styles.dotDown, done: styles.dotDone };

/** One dot for all builds: failed before running before done. */
function dotOf(running: readonly string[], unseen: readonly UnseenBuild[]): NavLinkProps['dot'] {
  if (!unseen.every(isGood)) {
    return 'down';
  }
  return running.length > 0 ? 'running' : unseen.length > 0 ? 'done' : undefined;
}

interface NavTooltipProps {
  readonly isFolded: boolean;
  readonly text: ReactNode;
  readonly shortcut?: string;
  readonly children: ReactElement<Record<string, unknown>>;
}

/** The name of a link beside its icon, while the sidebar shows icons only. */
function NavTooltip({ isFolded, text, shortcut, children }: NavTooltipProps) {
  return isFolded ? (
    <Tooltip text={text} shortcut={shortcut} side="right">
      {children}
    </Tooltip>
  ) : (
    children
  );
}

/** With the number of jobs that wait. */
function QueueLink(props: Pick<NavLinkProps, 'isFolded' | 'isCurrent'>) {
  const { waiting } = useJobCounts();
  const isPaused = useQueue(({ queue }) => queue.isPaused);
  return (
    <NavLink
      view={{ view: 'queue' }}
      icon="queue"
      label="Queue"
      {...props}
      dot={isPaused ? 'lost' : undefined}
      note={isPaused ? 'paused' : waiting > 0 ? formatCount(waiting, 'waiting', 'waiting') : undefined}
    />
  );
}

/** A build that ended unseen. One that was interrupted can be resumed. */
function UnseenLink({ build }: { build: UnseenBuild }) {
  const { id, reference, status, notPushed, createdAt, durationMs = 0 } = build;
  const isInterrupted = status === 'interrupted';
  const name = formatReferenceShort(reference);
  return (
    <div
      className={styles.unseen}
      {...contextMenu(() =>
        isInterrupted ? [{ label: 'Resume build', icon: 'play', run: () => resumeAndOpen(id) }] : [],
      )}
    >
      <a href={hrefOf({ view: 'build', id })} className={classes(styles.link, styles.running)}>
        <PhaseGlyph phase={isGood(build) || status !== 'done' ? status : 'warning'} />
        <MiddleEllipsis text={name} className={styles.name} />
        <span className="visually-hidden">{notPushed ? 'Done, not pushed' : phaseWord(status)}</span>
        {!isInterrupted && (
          <span className={styles.count}>
            <RelativeTime time={new Date(Date.parse(createdAt) + durationMs).toISOString()} />
          </span>
        )}
      </a>
      {isInterrupted && (
        <IconButton icon="play" size="small" label={`Resume build of ${name}`} onClick={() => resumeAndOpen(id)} />
      )}
    </div>
  );
}

function RunningLink({ id, isCurrent }: { id: string; isCurrent: boolean }) {
  const build = useBuild(id);
  return build ? (
    <a
      href={hrefOf({ view: 'build', id })}
      aria-current={isCurrent ? 'page' : undefined}
      className={classes(styles.link, styles.running)}
    >
      <PhaseGlyph phase="running" />
      <MiddleEllipsis text={formatReferenceShort(build.reference)} className={styles.name} />
      <span className="visually-hidden">{phaseWord('running')}</span>
      <span className={styles.count}>
        <Clock since={build.resumedAt ?? build.createdAt} />
      </span>
    </a>
  ) : null;
}

interface FarmLinkProps {
  readonly name: string;
  readonly members: readonly string[];
  readonly isFolded: boolean;
  readonly isCurrent: boolean;
}

function FarmLink({ name, members, isFolded, isCurrent }: FarmLinkProps) {
  const nodes = useNodes();
  const healths = members.map((member) => healthOf(nodes, member));
  const up = healths.filter((health) => health === 'up').length;
  const drop = useNodeDrop(name, members);
  const worst = healths.reduce<Health>(
    (worstSoFar, health) => (severity[health] > severity[worstSoFar] ? health : worstSoFar),
    'up',
  );
  return (
    <Tooltip text={<FarmTooltip name={isFolded ? name : undefined} members={members} healths={healths} />} side="right">
      <a
        href={hrefOf({ view: 'farm', name })}
        aria-current={isCurrent ? 'page' : undefined}
        className={classes(styles.link, styles.farm, drop.canDrop && styles.canDrop, drop.dropAction && styles.isOver)}
        {...drop.handlers}
        {...contextMenu(() => farmItems(name, members))}
      >
        <Icon name="farm" />
        <span className={styles.monogram} aria-hidden="true">
          {name.slice(0, 2)}
        </span>
        <span className={styles.name}>
          {name}
          <span className="visually-hidden">: {describeFarm(members, healths)}</span>
        </span>
        {drop.dropAction && <span className={styles.hint}>{drop.dropAction === 'move' ? 'Move' : 'Add'}</span>}
        {members.length > maxDots && (
          <span className={styles.count}>
            {up}/{members.length}
          </span>
        )}
        <span className={styles.dots} aria-hidden="true">
          {members.length <= maxDots ? (
            members.map((member, index) => {
              const health = healths[index] ?? 'unknown';
              const isWorst = health === worst && healths.indexOf(worst) === index;
              return (
                <span key={member} className={isWorst ? styles.worst : undefined}>
                  <HealthDot health={health} />
                </span>
              );
            })
          ) : (
            <span className={styles.worst}>
              <HealthDot health={worst} />
            </span>
          )}
        </span>
      </a>
    </Tooltip>
  );
}

/** The menu of a farm. */
function farmItems(name: string, members: readonly string[]): readonly MenuItem[] {
  const isDefault = useFarms.getState().default === name;
  const isEmpty = members.length === 0;
  return [
    { label: 'New build…', icon: 'plus', disabled: isEmpty, run: () => openSheet({ sheet: 'new-build', farm: name }) },
    { label: 'Show farm', icon: 'farm', run: () => navigate({ view: 'farm', name }) },
    'separator',
    { label: 'Check all nodes', icon: 'refresh', disabled: isEmpty, run: () => probeNodes(members) },
    { label: 'Disk use', icon: 'disk', disabled: isEmpty, run: () => openSheet({ sheet: 'storage', farm: name }) },
    { label: 'Free disk space…', icon: 'disk', disabled: isEmpty, run: () => askToFreeDisk(members) },
    {
      label: isDefault ? 'Default farm' : 'Set as default farm',
      icon: 'star',
      disabled: isDefault,
      run: () => makeDefault(name),
    },
  ];
}

/** Makes a farm a drop target for nodes. A drop adds the node; with Shift or Alt held, it moves the node. */
function useNodeDrop(farm: string, members: readonly string[]) {
  const dragged = useNodeDrag((state) => state.dragged);
  const [dropAction, setDropAction] = useState<'add' | 'move'>();
  const canDrop = dragged !== undefined && !members.includes(dragged.connection);
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (canDrop) {
        const isMove = (event.shiftKey || event.altKey) && dragged.from !== undefined;
        event.preventDefault();
        event.dataTransfer.dropEffect = isMove ? 'move' : 'copy';
        setDropAction(isMove ? 'move' : 'add');
      }
    },
    onDragLeave: () => setDropAction(undefined),
    onDrop: (event: DragEvent) => {
      if (canDrop) {
        event.preventDefault();
        setDropAction(undefined);
        if ((event.shiftKey || event.altKey) && dragged.from !== undefined) {
          moveNode(dragged.connection, dragged.from, farm);
        } else {
          addNodes(farm, [dragged.connection]);
        }
      }
    },
  };
  return { canDrop, dropAction: canDrop ? dropAction : undefined, handlers };
}

const severity: Readonly<Record<Health, number>> = {
  up: 0,
  unknown: 1,
  probing: 2,
  'set-aside': 3,
  lost: 4,
  'never-reached': 5,
  down: 6,
};

/** The description of a farm, with a countdown to the next attempt if exactly one node is lost. */
function FarmTooltip({
  name,
  members,
  healths,
}: {
  name: string | undefined;
  members: readonly string[];
  healths: readonly Health[];
}) {
  const lost = members.filter((_, index) => healths[index] === 'lost');
  const status = useNode(lost[0] ?? '');
  const retry = lost.length === 1 && status?.state === 'down' ? status.retry : undefined;
  return (
    <span>
      {name !== undefined && `${name}: `}
      {describeFarm(members, healths)}
      {retry && (
        <>
          , <RetryCountdown retry={retry} />
        </>
      )}
    </span>
  );
}

/** `2 nodes up`, `2 of 3 nodes up, s390x-lab down`, `1 of 3 nodes up, s390x-lab down, pi4 lost`. */
function describeFarm(members: readonly string[], healths: readonly Health[]): string {
  const up = healths.filter((health) => health === 'up').length;
  const listNames = (health: Health): string => {
    const names = members.filter((_, index) => healths[index] === health);
    return names.length === 0
      ? ''
      : `, ${names.length > 3 ? formatCount(names.length, 'node') : formatList(names)} ${healthWord(health).toLowerCase()}`;
  };
  const summary = up === members.length ? formatCount(up, 'node') : `${up} of ${formatCount(members.length, 'node')}`;
  return `${summary} up${listNames('down')}${listNames('never-reached')}${listNames('lost')}${listNames('set-aside')}`;
}
