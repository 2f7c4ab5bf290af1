import type { ReactNode } from 'react';
import { formatBytes, formatBytesOf, formatCount } from '../../../shared/format.ts';
import type { Node } from '../../../shared/node.ts';
import { PlatformChip } from '../../parts/Chip.tsx';
import { Meter } from '../../parts/ProgressBar.tsx';
import styles from './NodeFacts.module.css';

/** What a node said about itself when it was asked last. */
export function NodeFacts({ node }: { node: Node }) {
  const { connection, engine, version, apiVersion, hostname, distribution, rootless, cpus, latencyMs } = node;
  return (
    <>
      <section aria-labelledby="platforms" className={styles.section}>
        <h3 id="platforms" className={styles.heading}>
          Platforms
        </h3>
        <div className={styles.platforms}>
          <span className={styles.kind}>Native</span>
          <div className={styles.chips}>
            <PlatformChip platform={node.platform} kind="native" />
          </div>
          <span className={styles.kind}>Emulated</span>
          <div className={styles.chips}>
            {node.emulated.map((platform) => (
              <PlatformChip key={platform} platform={platform} kind="emulated" />
            ))}
            {node.emulated.length === 0 && (
              <span className={styles.none}>None. Install qemu-user-static there to emulate others.</span>
            )}
          </div>
        </div>
      </section>
      <section aria-labelledby="machine" className={styles.section}>
        <h3 id="machine" className={styles.heading}>
          Machine
        </h3>
        <dl className={styles.facts}>
          <Fact term="Engine">
            {engine} {version}
            {apiVersion !== version && <span className={styles.more}> API {apiVersion}</span>}
          </Fact>
          <Fact term="Host">{hostname}</Fact>
          <Fact term="System">{distribution ?? 'Unknown'}</Fact>
          <Fact term="Runs as">{rootless ? 'A user (rootless)' : 'Root'}</Fact>
          <Fact term="Latency">{latencyMs < 10 ? latencyMs.toFixed(1) : Math.round(latencyMs)} ms</Fact>
          <Fact term="CPUs">{formatCount(cpus, 'core')}</Fact>
          <Space term="Memory" of={`Memory of ${connection}`} {...node.memory} />
          <Space term="Disk" of={`Disk of ${connection}`} {...node.disk} />
        </dl>
      </section>
    </>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** How much of something is free; the bar shows what is taken. Some engines do not say how much there is. */
function Space({ term, of, free, total }: { term: string; of: string; free: number; total: number }) {
  return (
    <Fact term={term}>
      {total > 0 ? (
        <>
          {formatBytesOf(free, total)} free
          <Meter label={`${of}, taken`} value={total - free} max={total} />
        </>
      ) : free > 0 ? (
        `${formatBytes(free)} free`
      ) : (
        'Unknown'
      )}
    </Fact>
  );
}
