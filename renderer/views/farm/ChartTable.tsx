import { metrics } from '../../parts/chart-metrics.ts';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { NodeCharts, SampleRangeChoice } from '../../parts/NodeCharts.tsx';
import { hrefOf } from '../../stores/navigation.ts';
import { isNotUp, useHealth, useNode } from '../../stores/nodes.ts';
import styles from './ChartTable.module.css';

/** The nodes of a farm below each other, with charts over the same time. */
export function ChartTable({ members }: { members: readonly string[] }) {
  return (
    <section className={styles.table} aria-label="Charts of the nodes">
      <div className={styles.head}>
        <SampleRangeChoice />
        <div className={styles.titles} aria-hidden="true">
          {metrics.map(({ id, label }) => (
            <span key={id}>{label}</span>
          ))}
        </div>
      </div>
      <ul className={styles.rows} aria-label="Nodes">
        {members.map((name) => (
          <Row key={name} name={name} />
        ))}
      </ul>
    </section>
  );
}

function Row({ name }: { name: string }) {
  const status = useNode(name);
  const health = useHealth(name);
  return (
    <li className={styles.row}>
      <span className={styles.node}>
        <HealthDot health={health} />
        <a href={hrefOf({ view: 'connections', name })} className={styles.name}>
          {name}
        </a>
        {(isNotUp(health) || health === 'set-aside') && <span className={styles.state}>{healthWord(health)}</span>}
      </span>
      <NodeCharts name={name} node={status?.state === 'up' ? status.node : undefined} layout="row" />
    </li>
  );
}
