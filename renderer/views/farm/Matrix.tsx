import type { Farm } from '../../../shared/farm.ts';
import { formatPlatform } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { type Mode, modeOf } from '../../../shared/schedule.ts';
import { wordOf } from '../../../shared/words.ts';
import { classes } from '../../parts/classes.ts';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { RetryCountdown } from '../../parts/RetryCountdown.tsx';
import type { Coverage } from '../../stores/coverage.ts';
import { setPin } from '../../stores/farm-actions.ts';
import { hrefOf } from '../../stores/navigation.ts';
import { useHealth, useNode } from '../../stores/nodes.ts';
import { ModeMark } from './CoverageList.tsx';
import styles from './Matrix.module.css';

/** A table of the nodes of a farm and the platforms that they can build. A platform is pinned to a node by its cell. */
export function Matrix({ farm, coverage }: { farm: Farm; coverage: readonly Coverage[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard
    <section className={styles.scroller} tabIndex={0} aria-label="Nodes and platforms">
      <table className={styles.table} aria-label="Platforms by node">
        <thead>
          <tr>
            <th scope="col" className={styles.corner}>
              Node
            </th>
            {coverage.map(({ platform }) => (
              <th key={platform} scope="col" title={platform}>
                {formatPlatform(platform)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {farm.connections.map((name) => (
            <Row key={name} farm={farm} name={name} coverage={coverage} />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" className={styles.corner}>
              Can build
            </th>
            {coverage.map(({ platform, native, emulated }) => (
              <td key={platform}>
                {native.length + emulated.length}
                <span className="visually-hidden">
                  , {native.length} native and {emulated.length} emulated
                </span>
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
      <p className={styles.legend} aria-hidden="true">
        <span>
          <ModeMark mode="native" /> native
        </span>
        <span>
          <ModeMark mode="emulated" /> emulated
        </span>
        <span>– cannot build</span>
        <span>
          <Icon name="pin" size={12} /> pinned: always built there; select a cell to pin
        </span>
      </p>
    </section>
  );
}

function Row({ farm, name, coverage }: { farm: Farm; name: string; coverage: readonly Coverage[] }) {
  const status = useNode(name);
  const health = useHealth(name);
  return (
    <tr className={styles.row}>
      <th scope="row" className={styles.name}>
        <a href={hrefOf({ view: 'connections', name })}>
          <HealthDot health={health} />
          {name}
        </a>
      </th>
      {status?.state === 'up' ? (
        coverage.map(({ platform }) => (
          <td key={platform}>
            <Cell farm={farm} node={name} platform={platform} mode={modeOf(status.node, platform)} />
          </td>
        ))
      ) : (
        <td colSpan={Math.max(1, coverage.length)} className={classes(styles.down, health === 'lost' && styles.lost)}>
          {healthWord(health)}
          {status?.retry && (
            <>
              , <RetryCountdown retry={status.retry} isFirst={status.neverReached} />
            </>
          )}
        </td>
      )}
    </tr>
  );
}

interface CellProps {
  readonly farm: Farm;
  readonly node: string;
  readonly platform: Platform;
  readonly mode: Mode | undefined;
}

function Cell({ farm, node, platform, mode }: CellProps) {
  const isPinned = farm.pins?.[platform] === node;
  return mode ? (
    <button
      type="button"
      className={styles.can}
      aria-pressed={isPinned}
      aria-label={
        isPinned ? `${platform} on ${node}: ${wordOf(mode)}, pinned` : `${platform} on ${node}: ${wordOf(mode)}`
      }
      title={isPinned ? `Remove the pin of ${platform}` : `Always build ${platform} on ${node}`}
      onClick={() => setPin(farm.name, platform, isPinned ? '' : node)}
    >
      <ModeMark mode={mode} />
      <span className="visually-hidden">{wordOf(mode)}</span>
      {isPinned && <Icon name="pin" size={12} />}
    </button>
  ) : (
    <span className={styles.cannot}>
      <span aria-hidden="true">–</span>
      <span className="visually-hidden">cannot build</span>
    </span>
  );
}
