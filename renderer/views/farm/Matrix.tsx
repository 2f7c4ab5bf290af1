import { type Mode, modeOf } from '../../../shared/farm.ts';
import { formatPlatform } from '../../../shared/format.ts';
import { classes } from '../../parts/classes.ts';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { RetryWords } from '../../parts/Retry.tsx';
import { hrefOf } from '../../stores/navigation.ts';
import { useHealth, useNode } from '../../stores/nodes.ts';
import { ModeMark } from './Coverage.tsx';
import type { Coverage } from './coverage.ts';
import styles from './Matrix.module.css';

/** Every node of a farm by every platform that one of them can build. */
export function Matrix({ members, coverage }: { members: readonly string[]; coverage: readonly Coverage[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must be able to scroll it
    <section className={styles.scroller} tabIndex={0} aria-label="Nodes and platforms">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col" className={styles.corner}>
              Node
            </th>
            {coverage.map(({ platform }) => (
              <th key={platform} scope="col" title={platform} className={styles.platform}>
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
              Able
            </th>
            {coverage.map(({ platform, native, emulated }) => (
              <td key={platform} className={styles.sum}>
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
        <span>–</span> cannot
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
          <td key={platform} className={styles.cell}>
            <Cell mode={modeOf(status.node, platform)} />
          </td>
        ))
      ) : (
        <td colSpan={Math.max(1, coverage.length)} className={classes(styles.out, health === 'lost' && styles.lost)}>
          {healthWord(health)}
          {status?.retry && (
            <>
              , <RetryWords retry={status.retry} />
            </>
          )}
        </td>
      )}
    </tr>
  );
}

function Cell({ mode }: { mode: Mode | undefined }) {
  return mode ? (
    <span className={styles.able}>
      <ModeMark mode={mode} />
      <span className="visually-hidden">{mode}</span>
    </span>
  ) : (
    <span className={styles.cannot}>
      <span aria-hidden="true">–</span>
      <span className="visually-hidden">cannot</span>
    </span>
  );
}
