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
import { RetryWords } from '../parts/Retry.tsx';
import { Tooltip } from '../parts/Tooltip.tsx';
import { useBuild, useRunningIds } from '../stores/builds.ts';
import { useConnections } from '../stores/connections.ts';
import { addNodes, moveNode } from '../stores/farm-actions.ts';
import { useFarms } from '../stores/farms.ts';
import { hrefOf, navigate, useNavigation, type View } from '../stores/navigation.ts';
import { useNodeDrag } from '../stores/node-drag.ts';
import { type Health, healthOf, useNode, useNodes } from '../stores/nodes.ts';
import styles from './Sidebar.module.css';

/** More dots than this are a number: `49/50`. */
const mostDots = 6;
/** More running builds than this are in their list only. */
const mostRunning = 5;

export function Sidebar({ onSearch }: { onSearch: () => void }) {
  const farms = useFarms((state) => state.farms);
  const running = useRunningIds();
  const current = useNavigation(({ place }) => place?.view);
  const down = useNodes(({ byName }) => Object.values(byName).filter(({ state }) => state === 'down').length);
  // those that are tried again by themselves are no bad news as long as they are the only ones
  const areAllLost = useNodes(({ byName }) =>
    Object.values(byName).every((status) => status.state === 'up' || status.retry !== undefined),
  );
  const connections = useConnections((state) => state.connections.length);
  const isMovable = useNodeDrag(({ held }) => held?.from !== undefined);

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
          {isMovable && <span className={styles.would}>Shift moves it</span>}
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
          spot={running.length > 0 ? 'running' : undefined}
          note={running.length > 0 ? formatCount(running.length, 'running', 'running') : undefined}
        />
        {running.slice(0, mostRunning).map((id) => (
          <RunningLink key={id} id={id} isCurrent={current?.view === 'build' && current.id === id} />
        ))}
        <NavLink view={{ view: 'images' }} icon="images" label="Images" isCurrent={current?.view === 'images'} />
        <NavLink
          view={{ view: 'connections' }}
          icon="connections"
          label="Connections"
          isCurrent={current?.view === 'connections'}
          spot={down === 0 ? undefined : areAllLost ? 'lost' : 'down'}
          note={
            down > 0 ? (
              <span className={areAllLost ? styles.lost : styles.down}>
                {down} {areAllLost ? 'lost' : 'down'}
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
  readonly spot?: 'running' | 'lost' | 'down' | undefined;
}

function NavLink({ view, icon: glyph, label, isCurrent, note, spot }: NavLinkProps) {
  return (
    <a href={hrefOf(view)} aria-current={isCurrent ? 'page' : undefined} title={label} className={styles.link}>
      <Icon name={glyph} />
      <span className={styles.name}>{label}</span>
      {note !== undefined && <span className={styles.count}>{note}</span>}
      {spot && (
        <span
          className={classes(styles.spot, spot === 'down' && styles.spotDown, spot === 'lost' && styles.spotLost)}
        />
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
  const worst = healths.reduce<Health>((sofar, health) => (badness[health] > badness[sofar] ? health : sofar), 'up');
  return (
    <Tooltip text={<InWords members={members} healths={healths} />} side="right">
      <a
        href={hrefOf({ view: 'farm', name })}
        aria-current={isCurrent ? 'page' : undefined}
        className={classes(styles.link, styles.farm, drop.canTake && styles.canTake, drop.would && styles.isOver)}
        {...drop.handlers}
      >
        <Icon name="farm" />
        <span className={styles.monogram} aria-hidden="true">
          {name.slice(0, 2)}
        </span>
        <span className={styles.name}>
          {name}
          <span className="visually-hidden">: {inWords(members, healths)}</span>
        </span>
        {drop.would && <span className={styles.would}>{drop.would}</span>}
        {members.length > mostDots && (
          <span className={styles.count}>
            {up}/{members.length}
          </span>
        )}
        <span className={styles.dots} aria-hidden="true">
          {members.length <= mostDots ? (
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

/** Lets a node that is dragged be dropped on a farm, which adds it; with Shift or Alt held it leaves the farm it is from. */
function useNodeDrop(farm: string, members: readonly string[]) {
  const held = useNodeDrag((state) => state.held);
  const [would, setWould] = useState<'Add' | 'Move'>();
  const canTake = held !== undefined && !members.includes(held.connection);
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (canTake) {
        const moves = (event.shiftKey || event.altKey) && held.from !== undefined;
        event.preventDefault();
        event.dataTransfer.dropEffect = moves ? 'move' : 'copy';
        setWould(moves ? 'Move' : 'Add');
      }
    },
    onDragLeave: () => setWould(undefined),
    onDrop: (event: DragEvent) => {
      if (canTake) {
        event.preventDefault();
        setWould(undefined);
        if ((event.shiftKey || event.altKey) && held.from !== undefined) {
          moveNode(held.connection, held.from, farm);
        } else {
          addNodes(farm, [held.connection]);
        }
      }
    },
  };
  return { canTake, would: canTake ? would : undefined, handlers };
}

const badness: Readonly<Record<Health, number>> = { up: 0, unknown: 1, probing: 2, lost: 3, down: 4 };

/** The same for a tooltip, where the time until the one lost node is tried again runs down. */
function InWords({ members, healths }: { members: readonly string[]; healths: readonly Health[] }) {
  const lost = members.filter((_, index) => healths[index] === 'lost');
  const status = useNode(lost[0] ?? '');
  const retry = lost.length === 1 && status?.state === 'down' ? status.retry : undefined;
  return (
    <span>
      {inWords(members, healths)}
      {retry && (
        <>
          , <RetryWords retry={retry} />
        </>
      )}
    </span>
  );
}

/** `2 nodes up`, `2 of 3 nodes up, s390x-lab down`, `1 of 3 nodes up, s390x-lab down, pi4 lost`. */
function inWords(members: readonly string[], healths: readonly Health[]): string {
  const up = healths.filter((health) => health === 'up').length;
  const those = (health: Health, word: string): string => {
    const names = members.filter((_, index) => healths[index] === health);
    return names.length === 0 ? '' : `, ${names.length > 3 ? `${names.length} of them` : formatList(names)} ${word}`;
  };
  const all = up === members.length ? formatCount(up, 'node') : `${up} of ${formatCount(members.length, 'node')}`;
  return `${all} up${those('down', 'down')}${those('lost', 'lost')}`;
}
