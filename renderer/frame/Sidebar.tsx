/** Frame: what surrounds every view of the window, such as the sidebar, the palette and questions. */

import { type DragEvent, type ReactNode, useState } from 'react';
import { formatCount, formatList, formatReferenceShort } from '../../shared/format.ts';
import icon from '../icon.svg';
import { classes } from '../parts/classes.ts';
import { HealthDot } from '../parts/HealthDot.tsx';
import { Icon, type IconName } from '../parts/Icon.tsx';
import { IconButton } from '../parts/IconButton.tsx';
import { Kbd } from '../parts/Kbd.tsx';
import { PhaseGlyph } from '../parts/PhaseBadge.tsx';
import { Clock } from '../parts/Quantity.tsx';
import { RetryCountdown } from '../parts/RetryCountdown.tsx';
import { Tooltip } from '../parts/Tooltip.tsx';
import { useBuild, useRunningIds } from '../stores/builds.ts';
import { useConnections } from '../stores/connections.ts';
import { addNodes, moveNode } from '../stores/farm-actions.ts';
import { useFarms } from '../stores/farms.ts';
import { hrefOf, navigate, useNavigation, type View } from '../stores/navigation.ts';
import { useNodeDrag } from '../stores/node-drag.ts';
import { type Health, healthOf, useNode, useNodes } from '../stores/nodes.ts';
import styles from './Sidebar.module.css';

/** A farm with more nodes than this shows a number (`49/50`) instead of dots. */
const maxDots = 6;
/** How many running builds are listed. The others are in the Builds view. */
const maxRunning = 5;

export function Sidebar({ onSearch }: { onSearch: () => void }) {
  const farms = useFarms((state) => state.farms);
  const running = useRunningIds();
  const current = useNavigation(({ route }) => route?.view);
  const down = useNodes(({ byName }) => Object.values(byName).filter(({ state }) => state === 'down').length);
  // nodes that reconnect automatically are shown less prominently, unless another node is down for good
  const areAllRetried = useNodes(({ byName }) =>
    Object.values(byName).every((status) => status.state === 'up' || status.retry !== undefined),
  );
  const connections = useConnections((state) => state.connections.length);
  const canMove = useNodeDrag(({ dragged }) => dragged?.from !== undefined);

  return (
    <nav aria-label="Main" className={styles.sidebar}>
      <div className={styles.brand}>
        <img src={icon} alt="" className={styles.mark} />
        <span className={styles.brandName}>Barnraiser</span>
      </div>
      <button type="button" className={styles.search} onClick={onSearch}>
        <Icon name="search" size={14} />
        <span>
          Search<span className="visually-hidden"> and run commands</span>
        </span>
        <Kbd keys="Mod+K" />
      </button>
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
            isCurrent={current?.view === 'farm' && current.name === name}
          />
        ))}
        <div className={styles.gap} />
        <NavLink
          view={{ view: 'builds' }}
          icon="builds"
          label="Builds"
          isCurrent={current?.view === 'builds'}
          dot={running.length > 0 ? 'running' : undefined}
          note={running.length > 0 ? formatCount(running.length, 'running', 'running') : undefined}
        />
        {running.slice(0, maxRunning).map((id) => (
          <RunningLink key={id} id={id} isCurrent={current?.view === 'build' && current.id === id} />
        ))}
        <NavLink view={{ view: 'images' }} icon="images" label="Images" isCurrent={current?.view === 'images'} />
        <NavLink
          view={{ view: 'connections' }}
          icon="connections"
          label="Connections"
          isCurrent={current?.view === 'connections'}
          dot={down === 0 ? undefined : areAllRetried ? 'lost' : 'down'}
          note={
            down > 0 ? (
              <span className={areAllRetried ? styles.lost : styles.down}>
                {down} {areAllRetried ? 'lost' : 'down'}
              </span>
            ) : connections > 0 ? (
              connections
            ) : undefined
          }
        />
      </div>
      <div className={styles.foot}>
        <NavLink
          view={{ view: 'settings' }}
          icon="settings"
          label="Settings"
          isCurrent={current?.view === 'settings'}
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
  readonly dot?: 'running' | 'lost' | 'down' | undefined;
}

function NavLink({ view, icon: glyph, label, isCurrent, note, dot }: NavLinkProps) {
  return (
    <a href={hrefOf(view)} aria-current={isCurrent ? 'page' : undefined} title={label} className={styles.link}>
      <Icon name={glyph} />
      <span className={styles.name}>{label}</span>
      {note !== undefined && <span className={styles.count}>{note}</span>}
      {dot && (
        <span className={classes(styles.dot, dot === 'down' && styles.dotDown, dot === 'lost' && styles.dotLost)} />
      )}
    </a>
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
      <span className={styles.name}>{formatReferenceShort(build.reference)}</span>
      <span className={styles.count}>
        <Clock since={build.createdAt} />
      </span>
    </a>
  ) : null;
}

function FarmLink({ name, members, isCurrent }: { name: string; members: readonly string[]; isCurrent: boolean }) {
  const nodes = useNodes();
  const healths = members.map((member) => healthOf(nodes, member));
  const up = healths.filter((health) => health === 'up').length;
  const drop = useNodeDrop(name, members);
  const worst = healths.reduce<Health>(
    (worstSoFar, health) => (severity[health] > severity[worstSoFar] ? health : worstSoFar),
    'up',
  );
  return (
    <Tooltip text={<FarmTooltip members={members} healths={healths} />} side="right">
      <a
        href={hrefOf({ view: 'farm', name })}
        aria-current={isCurrent ? 'page' : undefined}
        className={classes(styles.link, styles.farm, drop.canDrop && styles.canDrop, drop.dropAction && styles.isOver)}
        {...drop.handlers}
      >
        <Icon name="farm" />
        <span className={styles.monogram} aria-hidden="true">
          {name.slice(0, 2)}
        </span>
        <span className={styles.name}>
          {name}
          <span className="visually-hidden">: {describeFarm(members, healths)}</span>
        </span>
        {drop.dropAction && <span className={styles.hint}>{drop.dropAction}</span>}
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

/** Makes a farm a drop target for nodes. A drop adds the node; with Shift or Alt held, it moves the node. */
function useNodeDrop(farm: string, members: readonly string[]) {
  const dragged = useNodeDrag((state) => state.dragged);
  const [dropAction, setDropAction] = useState<'Add' | 'Move'>();
  const canDrop = dragged !== undefined && !members.includes(dragged.connection);
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (canDrop) {
        const isMove = (event.shiftKey || event.altKey) && dragged.from !== undefined;
        event.preventDefault();
        event.dataTransfer.dropEffect = isMove ? 'move' : 'copy';
        setDropAction(isMove ? 'Move' : 'Add');
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

const severity: Readonly<Record<Health, number>> = { up: 0, unknown: 1, probing: 2, lost: 3, down: 4 };

/** The description of a farm, with a countdown to the next attempt if exactly one node is lost. */
function FarmTooltip({ members, healths }: { members: readonly string[]; healths: readonly Health[] }) {
  const lost = members.filter((_, index) => healths[index] === 'lost');
  const status = useNode(lost[0] ?? '');
  const retry = lost.length === 1 && status?.state === 'down' ? status.retry : undefined;
  return (
    <span>
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
  const listNames = (health: Health, word: string): string => {
    const names = members.filter((_, index) => healths[index] === health);
    return names.length === 0 ? '' : `, ${names.length > 3 ? `${names.length} nodes` : formatList(names)} ${word}`;
  };
  const summary = up === members.length ? formatCount(up, 'node') : `${up} of ${formatCount(members.length, 'node')}`;
  return `${summary} up${listNames('down', 'down')}${listNames('lost', 'lost')}`;
}
