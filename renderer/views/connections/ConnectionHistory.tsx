import { NodeCharts, SampleRangeChoice } from '../../parts/NodeCharts.tsx';
import { useNode } from '../../stores/nodes.ts';
import { useSamples } from '../../stores/samples.ts';
import styles from './ConnectionHistory.module.css';

/** The charts of a node. Without any samples there is nothing. */
export function ConnectionHistory({ name }: { name: string }) {
  const status = useNode(name);
  const hasSamples = useSamples(({ byNode }) => (byNode[name]?.length ?? 0) > 0);
  return (
    <section aria-labelledby="history" className={styles.section} data-empty={!hasSamples}>
      <header className={styles.head}>
        <h3 id="history" className={styles.heading}>
          History
        </h3>
        <SampleRangeChoice />
      </header>
      <NodeCharts key={name} name={name} node={status?.state === 'up' ? status.node : undefined} layout="large" />
    </section>
  );
}
