import { formatPlatform } from '../../../shared/format.ts';
import { type Mode, modeOf } from '../../../shared/schedule.ts';
import { classes } from '../../parts/classes.ts';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { RetryCountdown } from '../../parts/RetryCountdown.tsx';
import type { Coverage } from '../../stores/coverage.ts';
import { hrefOf } from '../../stores/navigation.ts';
import { useHealth, useNode } from '../../stores/nodes.ts';
import { ModeMark } from './CoverageList.tsx';
import styles from './Matrix.module.css';

/** A table of the nodes of a farm and the platforms that they can build. */
export function Matrix({ members, coverage }: { members: readonly string[]; coverage: readonly Coverage[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard
    <section className={styles.scroller} tabIndex={0} aria-label="Nodes and platforms">
      <table className={styles.table}>
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
          {members.map((name) => (
            <Row key={name} name={name} coverage={coverage} />
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
        <ModeMark mode="native" /> native
        <ModeMark mode="emulated" /> emulated
        <span>–</span> cannot build
      </p>
    </section>
  );
}

function Row({ name, coverage }: { name: string; coverage: readonly Coverage[] }) {
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
            <Cell mode={modeOf(status.node, platform)} />
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

function Cell({ mode }: { mode: Mode | undefined }) {
  return mode ? (
    <span className={styles.can}>
      <ModeMark mode={mode} />
      <span className="visually-hidden">{mode}</span>
    </span>
  ) : (
    <span className={styles.cannot}>
      <span aria-hidden="true">–</span>
      <span className="visually-hidden">cannot build</span>
    </span>
  );
}
